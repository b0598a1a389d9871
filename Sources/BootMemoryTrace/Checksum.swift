/// FNV-1a with 64 bits, as traces have it.
struct Checksum {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  /// Adds the lowest bytes of `number`, the lowest first.
  mutating func add(_ number: UInt64, byteCount: Int = 8) {
    for index in 0..<byteCount {
      add(byte: UInt8(truncatingIfNeeded: number >> UInt64(index * 8)))
    }
  }

  /// 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
