/// A line of a text file.
struct SourceLine {
  /// Its number, from 1.
  let number: Int

  /// Its text without the line end.
  let text: Substring

  /// Whether nothing but spaces is on the line.
  var isBlank: Bool { text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

  /// The words between spaces.
  var words: [Substring] { text.split { $0 == " " || $0 == "\t" } }

  /// Splits a text into lines; a carriage return before a line feed belongs to the line end.
  static func lines(of bytes: [UInt8]) -> [SourceLine] {
    var lines: [SourceLine] = []
    for part in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
      let isWindows = part.last == 0x0d
      let text = String(decoding: isWindows ? part.dropLast() : part, as: UTF8.self)
      lines.append(SourceLine(number: lines.count + 1, text: Substring(text)))
    }
    return lines
  }

  /// An error about this line.
  func error(_ message: String) -> LineError { LineError(number, message) }
}
