// SPDX-License-Identifier: MIT

/// The bytes of an input, taken one after the other as numbers.  Behind the last all numbers are 0.
@safe public struct FuzzInput {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// Starts at the first of `bytes`.
  public init(_ bytes: UnsafeBufferPointer<UInt8>) {
    unsafe self.bytes = unsafe bytes
  }

  /// Whether all bytes have been taken.
  public var isAtEnd: Bool { unsafe position >= bytes.count }

  /// Takes a byte.
  public mutating func byte() -> UInt8 {
    guard !isAtEnd else { return 0 }
    defer { position += 1 }
    return unsafe bytes[position]
  }

  /// Takes a little-endian number.
  public mutating func number<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
    var value: Value = 0
    for index in 0..<Value.bitWidth / 8 {
      value |= Value(truncatingIfNeeded: byte()) << Value(index * 8)
    }
    return value
  }

  /// Takes a number from 0 to `last`, at most 255.
  public mutating func number(upTo last: Int) -> Int {
    Int(byte()) % (last + 1)
  }

  /// Takes a number of any magnitude below 2^`bitCount`: two bytes, the highest bit's place and the
  /// seven bits behind it.
  public mutating func magnitude(upToBits bitCount: Int) -> UInt64 {
    let place = number(upTo: bitCount)
    let digits = UInt64(byte())
    if place == 0 { return 0 }
    let top: UInt64 = 1 << UInt64(place - 1)
    return top | (place > 8 ? (digits & 0x7f) << UInt64(place - 8) : digits & (top - 1))
  }

  /// Takes `true` once in `count`, at most 256.
  public mutating func oneIn(_ count: Int) -> Bool { number(upTo: count - 1) == count - 1 }

  /// The bytes that have not been taken, all of which this takes.
  public mutating func rest() -> UnsafeBufferPointer<UInt8> {
    defer { unsafe position = bytes.count }
    return unsafe UnsafeBufferPointer(rebasing: bytes[min(position, bytes.count)...])
  }
}
