import TextOutput

/// FNV-1a with 64 bits, as traces have it.
public struct Checksum: Sendable {
  /// The sum so far.
  public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// Makes the sum of no bytes.
  public init() {}

  /// Adds a byte.
  public mutating func add(byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  /// Adds the lowest bytes of `number`, the lowest first.
  public mutating func add(_ number: UInt64, byteCount: Int = 8) {
    for index in 0..<byteCount {
      add(byte: UInt8(truncatingIfNeeded: number >> UInt64(index * 8)))
    }
  }

  /// Writes 16 hexadecimal digits.
  public func write(to sink: inout some TextSink) {
    sink.write(hexadecimal: value, minimumDigitCount: 16)
  }
}
