// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Numbers and strings in the form that a device tree stores them.
extension BoundedBytes {
  /// The big-endian number at `offset`.
  func loadBigEndian<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self, at offset: UInt64
  ) -> Value? {
    // The reader interprets the bytes as little-endian, whatever the host's byte order.
    load(Value.self, at: offset)?.byteSwapped
  }

  /// The number in `cellCount` cells of 32 bits from `offset` on, the most significant first; 0 if
  /// there are no cells.  Nil if it does not fit in 64 bits.
  func loadCells(_ cellCount: UInt64, at offset: UInt64) -> UInt64? {
    var value: UInt64 = 0
    for index in 0..<cellCount {
      guard value >> 32 == 0, let cell = loadBigEndian(UInt32.self, at: offset + index * 4) else {
        return nil
      }
      value = value << 32 | UInt64(cell)
    }
    return value
  }

  /// Whether the bytes from `offset` on start with `text`.
  func starts(with text: StaticString, at offset: UInt64 = 0) -> Bool {
    for index in 0..<text.utf8CodeUnitCount
    where unsafe load(UInt8.self, at: offset + UInt64(index)) != text.utf8Start[index] {
      return false
    }
    return true
  }

  /// Whether `text`, followed by a zero byte, lies at `offset`.
  func holds(_ text: StaticString, at offset: UInt64 = 0) -> Bool {
    starts(with: text, at: offset)
      && load(UInt8.self, at: offset + UInt64(text.utf8CodeUnitCount)) == 0
  }

  /// The bytes before the first one equal to `byte`; all of them if there is none.
  func prefix(upTo byte: UInt8) -> BoundedBytes {
    var end: UInt64 = 0
    while end < byteCount, let found = load(UInt8.self, at: end), found != byte { end += 1 }
    return slice(at: 0, byteCount: end) ?? self
  }

  /// Whether both have the same bytes.
  func equals(_ other: BoundedBytes) -> Bool {
    guard byteCount == other.byteCount else { return false }
    for offset in 0..<byteCount {
      guard let byte = load(UInt8.self, at: offset), byte == other.load(at: offset) else {
        return false
      }
    }
    return true
  }
}
