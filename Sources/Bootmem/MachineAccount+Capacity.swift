// SPDX-License-Identifier: MIT

extension MachineAccount {
  /// How large the tables of an account are: as many entries as each has room for.
  ///
  /// An error says which one is too small, and how large it has to be; of ``owners`` only that there
  /// must be more.
  public struct Capacity: Sendable {
    /// The regions of the firmware's map, and those that the command line adds.  Ordinary PCs have
    /// some 20, the largest map that is known 312.
    public var regions = 128

    /// The ranges that the loader and ACPI hold: a few for each module and each table.
    public var heldRanges = 128

    /// The ranges that anybody holds: those of the loader, the kernel's own, a bitmap for each node; and
    /// what the kernel names later on.
    public var owners = 256

    /// The ranges of memory that the firmware gives to nodes.
    public var affinities = 64

    /// The ranges of memory that the firmware says are hot-pluggable.
    public var hotPluggableRanges = 64

    /// The nodes.
    public var nodes = 8

    /// The bytes of the names of what a device tree asks for without saying where, some dozen for each.
    public var nameByteCount = 256

    /// The bytes of the command line; Linux takes 2048.
    public var commandLineByteCount = 2048

    /// Makes the capacity for an ordinary machine.
    public init() {}

    /// The regions of the sanitised map: twice as many are always enough.
    var mapRegions: Int { 2 * regions }

    /// The bytes of storage that the tables take, wherever they begin.
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
