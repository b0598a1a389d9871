import PhysicalMemory

extension SourceLine {
  /// The range from `start` up to, but not including, `end`.
  func range(from start: UInt64, to end: UInt64) throws(LineError) -> AddressRange {
    guard
      let range = AddressRange(start: PhysicalAddress(start), end: PhysicalAddress(end))
    else { throw error("the range ends at \(hex(end)), before its start \(hex(start))") }
    return range
  }

  /// The range from `start` to `last`, which is included.
  ///
  /// An empty range is told as one that ends a byte before its start, wrapping below 0: nothing else
  /// can be meant by 0 to 2^64 - 1, a size that no 64-bit field holds.
  func range(from start: UInt64, through last: UInt64) throws(LineError) -> AddressRange {
    if last &+ 1 == start {
      return AddressRange(start: PhysicalAddress(start), clampingByteCount: 0)
    }
    guard
      let range = AddressRange(first: PhysicalAddress(start), last: PhysicalAddress(last))
    else { throw error("the range ends at \(hex(last)), before its start \(hex(start))") }
    return range
  }
}

/// A number as messages show it.
func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
