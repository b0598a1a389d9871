// SPDX-License-Identifier: MIT
extension CommandLineWord {
  /// The byte count at the start of the word, and the rest of the word.
  ///
  /// The syntax is Linux's: decimal, hexadecimal after `0x` or octal after `0`, optionally followed
  /// by one of the letters K, M, G, T, P and E for powers of 1024.
  ///
  /// - Returns: nil if there is no number, or if it does not fit in 64 bits.
  func parseByteCount() -> (value: UInt64, rest: CommandLineWord)? {
    guard let (number, rest) = parseNumber() else { return nil }
    guard let letter = rest.first, let shift = Self.shift(ofUnit: letter) else {
      return (number, rest)
    }
    let value = number << shift
    guard value >> shift == number else { return nil }
    return (value, rest.dropping(byteCount: 1))
  }

  /// The number at the start of the word, and the rest of the word.
  func parseNumber() -> (value: UInt64, rest: CommandLineWord)? {
    let hexadecimal = dropping("0x") ?? dropping("0X")
    let base: UInt64 = hexadecimal != nil ? 16 : first == UInt8(ascii: "0") ? 8 : 10
    var rest = hexadecimal ?? self
    var value: UInt64 = 0
    var hasDigit = false
    while let byte = rest.first, let digit = Self.digit(byte), digit < base {
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: base)
      let (sum, isTooLargeToo) = product.addingReportingOverflow(digit)
      guard !isTooLarge && !isTooLargeToo else { return nil }
      value = sum
      hasDigit = true
      rest = rest.dropping(byteCount: 1)
    }
    return hasDigit ? (value, rest) : nil
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  private static func shift(ofUnit letter: UInt8) -> UInt64? {
    // Bit 5 distinguishes lower case from upper case.
    switch letter & ~0x20 {
    case UInt8(ascii: "K"): 10
    case UInt8(ascii: "M"): 20
    case UInt8(ascii: "G"): 30
    case UInt8(ascii: "T"): 40
    case UInt8(ascii: "P"): 50
    case UInt8(ascii: "E"): 60
    default: nil
    }
  }
}
