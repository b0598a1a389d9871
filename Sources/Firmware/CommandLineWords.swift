/// The words of a command line in their order.
public struct CommandLineWords: Sequence, IteratorProtocol {
  private let line: CommandLine
  private var position = 0

  init(_ line: CommandLine) {
    self.line = line
  }

  /// The next word; nil behind the last.
  public mutating func next() -> CommandLineWord? {
    while let byte = line.byte(at: position), isBlank(byte) { position += 1 }
    let start = position
    while let byte = line.byte(at: position), !isBlank(byte) { position += 1 }
    return start < position ? CommandLineWord(line: line, start: start, end: position) : nil
  }

  /// Blanks and control characters end a word.
  private func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }
}
