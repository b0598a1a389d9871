// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The memory reservation block of a device tree: pairs of a 64-bit address and a 64-bit size,
/// ending with a pair of zeros.
///
/// Source: Devicetree Specification 0.4, section 5.3.
struct DeviceTreeReservations<Memory: PhysicalMemoryReader> {
  /// The fields of `fdt_reserve_entry`.
  private enum Entry {
    static var address: Field<UInt64> { 0 }
    static var size: Field<UInt64> { 8 }

    static var byteCount: UInt64 { 16 }
  }

  private let block: BoundedBytes<Memory>
  private var offset: UInt64 = 0

  /// The addresses of the block, its final pair included; nil if it does not end within the tree.
  let range: AddressRange?

  /// - Parameter block: The part of the tree from the start of the block on.
  init(_ block: BoundedBytes<Memory>) {
    self.block = block
    var end: UInt64 = 0
    while let entry = Self.entry(at: end, in: block), entry != (0, 0) { end += Entry.byteCount }
    range = block.subrange(at: 0, byteCount: end + Entry.byteCount)
  }

  /// The next entry; nil after the last.
  mutating func next() -> (start: UInt64, byteCount: UInt64)? {
    guard let entry = Self.entry(at: offset, in: block), entry != (0, 0) else { return nil }
    offset += Entry.byteCount
    return entry
  }

  private static func entry(
    at offset: UInt64, in block: BoundedBytes<Memory>
  ) -> (start: UInt64, byteCount: UInt64)? {
    guard let entry = block.slice(at: offset, byteCount: Entry.byteCount),
      let start = entry.loadBigEndian(Entry.address),
      let byteCount = entry.loadBigEndian(Entry.size)
    else { return nil }
    return (start, byteCount)
  }
}
