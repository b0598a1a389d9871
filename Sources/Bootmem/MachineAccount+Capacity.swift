// SPDX-License-Identifier: MIT

extension MachineAccount {
  /// The capacities of an account's tables, in entries unless a name says bytes.
  ///
  /// An error tells which one is too small, and how large it must be; for ``owners``, only that it
  /// must be larger.
  public struct Capacity: Sendable {
    /// The regions of the firmware's map, and those that the command line adds.  Ordinary PCs have
    /// some 20; the largest known map has 312.
    public var regions = 128

    /// The ranges that the loader and ACPI hold: a few for each module and each table.
    public var heldRanges = 128

    /// All held ranges: those of the loader, the kernel's own, a bitmap for each node, and the
    /// ranges that the kernel names later on.
    public var owners = 256

    /// The ranges of memory that the firmware assigns to nodes.
    public var affinities = 64

    /// The ranges of memory that the firmware says are hot-pluggable.
    public var hotPluggableRanges = 64

    /// The nodes.
    public var nodes = 8

    /// The size in bytes of the names of reservations that a device tree asks for without an
    /// address, a dozen or so for each.
    public var nameByteCount = 256

    /// The size in bytes of the command line; Linux takes 2048.
    public var commandLineByteCount = 2048

    /// Makes the capacities for an ordinary machine.
    public init() {}

    /// The regions of the sanitised map: twice as many are always enough.
    var mapRegions: Int { 2 * regions }

    /// The size in bytes of the storage that the tables take, whatever its alignment.
    public var byteCount: Int {
      func byteCount<Element>(_ type: Element.Type, _ count: Int) -> Int {
        MemoryLayout<Element>.alignment - 1 + MemoryLayout<Element>.stride * count
      }
      return byteCount(MemoryRegion.self, regions) + byteCount(PageRegion.self, mapRegions)
        + byteCount(OwnedRange.self, heldRanges) + byteCount(OwnedRange.self, owners)
        + byteCount(MemoryAffinity.self, affinities)
        + byteCount(AddressRange.self, hotPluggableRanges) + byteCount(UInt32.self, nodes)
        + byteCount(UInt8.self, commandLineByteCount + nameByteCount)
    }
  }
}
