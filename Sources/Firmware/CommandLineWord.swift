import TextOutput

/// A word of a command line, or a part of one.
public struct CommandLineWord {
  let line: CommandLine

  /// Where it starts on the line, and the place just behind it.
  let start: Int
  let end: Int

  /// The number of bytes.
  public var count: Int { end - start }

  /// Whether the word is `text`.
  public func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && dropping(text) != nil
  }

  /// What follows `prefix`, perhaps nothing; nil if the word does not start with it.
  public func dropping(_ prefix: StaticString) -> CommandLineWord? {
    guard prefix.utf8CodeUnitCount <= count else { return nil }
    for index in 0..<prefix.utf8CodeUnitCount
    where unsafe line.byte(at: start + index) != prefix.utf8Start[index] {
      return nil
    }
    return dropping(byteCount: prefix.utf8CodeUnitCount)
  }

  /// The first byte; nil in an empty word.
  var first: UInt8? { count > 0 ? line.byte(at: start) : nil }

  /// What follows the first `byteCount` bytes.
  func dropping(byteCount: Int) -> CommandLineWord {
    CommandLineWord(line: line, start: min(start + byteCount, end), end: end)
  }

  /// The part before the first comma, and the part behind it, nil if there is no comma.
  var splitAtComma: (head: CommandLineWord, tail: CommandLineWord?) {
    for index in start..<end where line.byte(at: index) == UInt8(ascii: ",") {
      return (
        CommandLineWord(line: line, start: start, end: index),
        CommandLineWord(line: line, start: index + 1, end: end)
      )
    }
    return (self, nil)
  }

  /// Prints the word.
  public func write(to sink: inout some TextSink) {
    for index in start..<end {
      if let byte = line.byte(at: index) { sink.write(byte: byte) }
    }
  }
}
