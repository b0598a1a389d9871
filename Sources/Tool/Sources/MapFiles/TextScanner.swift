// SPDX-License-Identifier: MIT

/// Reads a line from front to back.
///
/// Text that does not match is not consumed, and the result is then false or nil.
struct TextScanner {
  /// What has not been read yet.
  private(set) var rest: Substring

  init(_ text: Substring) {
    rest = text
  }

  /// Skips past the first `marker`, wherever it is.
  mutating func skip(past marker: String) -> Bool {
    guard let range = rest.place(of: marker) else { return false }
    rest = rest[range.upperBound...]
    return true
  }

  /// Skips `text`, if it is next.
  mutating func skip(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  mutating func skipSpaces() {
    rest = rest.drop { $0 == " " || $0 == "\t" }
  }

  /// A number in hexadecimal digits, with or without `0x`; nil also beyond 64 bits.
  mutating func hexadecimal() -> UInt64? {
    let number = hexadecimalDigits
    guard let value = UInt64(number, radix: 16) else { return nil }
    rest = rest[number.endIndex...]
    return value
  }

  /// The end of a range, not included, in hexadecimal digits: a number of 64 bits, or 2^64.
  mutating func hexadecimalEnd() -> RangeEnd? {
    if let value = hexadecimal() { return .address(value) }
    let number = hexadecimalDigits
    guard number.drop(while: { $0 == "0" }) == "1" + String(repeating: "0", count: 16) else {
      return nil
    }
    rest = rest[number.endIndex...]
    return .top
  }

  /// The hexadecimal digits that are next, after `0x` if it is there.
  private var hexadecimalDigits: Substring {
    let isPrefixed = rest.utf8.starts(with: [0x30, 0x78])
    let digits = isPrefixed ? rest.utf8.dropFirst(2) : rest.utf8[...]
    return Substring(
      digits.prefix { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
      })
  }

  /// A number in decimal digits.
  mutating func decimal() -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard let value = Int(digits) else { return nil }
    rest = rest[digits.endIndex...]
    return value
  }

  /// The text up to the next `end`, which is skipped.
  mutating func text(upTo end: Character) -> Substring? {
    guard let index = rest.firstIndex(of: end) else { return nil }
    defer { rest = rest[rest.index(after: index)...] }
    return rest[..<index]
  }
}
