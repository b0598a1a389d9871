// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The bytes of one structure in physical memory.
///
/// Fields are addressed by their offset from the start.  Reading anything that does not lie
/// entirely within the structure, or that is out of the memory's reach, returns nil.
struct BoundedBytes<Memory: PhysicalMemoryReader> {
  let memory: Memory
  let range: AddressRange

  init(_ memory: Memory, _ range: AddressRange) {
    self.memory = memory
    self.range = range
  }

  /// The `byteCount` bytes from `start` on, or fewer where the address space ends.
  init(_ memory: Memory, at start: PhysicalAddress, byteCount: UInt64) {
    self.init(memory, AddressRange(start: start, clampingByteCount: byteCount))
  }

  /// The size in bytes.
  var byteCount: UInt64 { range.byteCount }

  /// The little-endian number at `offset`.
  @inline(never)
  func load<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self, at offset: UInt64
  ) -> Value? {
    guard let field = subrange(at: offset, byteCount: UInt64(Value.bitWidth / 8)) else {
      return nil
    }
    return memory.load(at: field.start)
  }

  /// The addresses of `byteCount` bytes from `offset` on.
  func subrange(at offset: UInt64, byteCount: UInt64) -> AddressRange? {
    guard offset <= range.byteCount, byteCount <= range.byteCount - offset,
      let start = range.start.advanced(byByteCount: offset)
    else { return nil }
    return AddressRange(start: start, byteCount: byteCount)
  }

  /// A structure inside this one.
  @inline(never)
  func slice(at offset: UInt64, byteCount: UInt64) -> BoundedBytes? {
    subrange(at: offset, byteCount: byteCount).map { BoundedBytes(memory, $0) }
  }

  /// A structure inside this one that extends to its end.
  @inline(never)
  func suffix(from offset: UInt64) -> BoundedBytes? {
    guard offset <= byteCount else { return nil }
    return slice(at: offset, byteCount: byteCount - offset)
  }

  /// Whether all bytes are in reach and add up to 0 modulo 256.
  ///
  /// - Complexity: O(n) in the size, which the caller must bound.
  var hasValidChecksum: Bool {
    var sum: UInt8 = 0
    var offset: UInt64 = 0
    while offset < byteCount {
      guard let byte = load(UInt8.self, at: offset) else { return false }
      sum &+= byte
      offset += 1
    }
    return sum == 0
  }

  /// The addresses of the text that starts at `offset` and ends before the first zero byte; nil if
  /// there is no zero byte.
  func text(at offset: UInt64 = 0) -> AddressRange? {
    var end = offset
    while let byte = load(UInt8.self, at: end) {
      if byte == 0 { return subrange(at: offset, byteCount: end - offset) }
      end += 1
    }
    return nil
  }
}
