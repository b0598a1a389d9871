// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A value of JSON as text, while it is put together.
///
/// Addresses and page frame numbers are strings of hexadecimal digits, since JavaScript keeps
/// numbers as floating point; counts that are drawn are numbers.
struct JSONText {
  /// The value.
  let text: String

  private init(_ text: String) { self.text = text }

  static var null: JSONText { JSONText("null") }

  static func bool(_ value: Bool) -> JSONText { JSONText(value ? "true" : "false") }

  static func number(_ value: Int) -> JSONText { JSONText(String(value)) }

  static func number(_ value: UInt64) -> JSONText { JSONText(String(value)) }

  static func hexadecimal(_ value: UInt64) -> JSONText { .string(String(value, radix: 16)) }

  static func string(_ value: String) -> JSONText {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for byte in value.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return JSONText(String(decoding: bytes, as: UTF8.self))
  }

  static func array(_ values: [JSONText]) -> JSONText {
    JSONText("[" + values.map { $0.text }.joined(separator: ",") + "]")
  }

  static func strings(_ values: [String]) -> JSONText { .array(values.map { .string($0) }) }

  static func object(_ members: [(String, JSONText)]) -> JSONText {
    JSONText(
      "{" + members.map { JSONText.string($0.0).text + ":" + $0.1.text }.joined(separator: ",")
        + "}")
  }

  /// The first and the last address of a range; an empty one has no last.
  static func range(_ range: AddressRange) -> [(String, JSONText)] {
    [
      ("start", .hexadecimal(range.start.rawValue)),
      ("last", range.last.map { .hexadecimal($0.rawValue) } ?? .null),
    ]
  }
}
