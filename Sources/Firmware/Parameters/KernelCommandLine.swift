// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The kernel's command line: words separated by blanks, such as `mem=64M bootmem_debug`, parsed as
/// in Linux.
///
/// Double quotes around a word or a value preserve the blanks in it and are not part of it.
/// Whatever follows the word `--` is for the first program, not for the kernel.
///
/// It is a copy, as the loader's memory may be allocated.  The bytes lie in the storage passed to
/// the initializer.
@safe
public struct KernelCommandLine {
  private let bytes: UnsafeBufferPointer<UInt8>

  /// Whether the text was longer than the storage.
  public let isCut: Bool

  /// Copies the text at `range` into `storage`, which must stay valid and unmodified as long as the
  /// line is used.
  public init(
    copying range: AddressRange?, in memory: some PhysicalMemoryReader,
    storage: UnsafeMutableBufferPointer<UInt8>
  ) {
    var count = 0
    if let range {
      while count < storage.count, UInt64(count) < range.byteCount,
        let address = range.start.advanced(byByteCount: UInt64(count)),
        let byte = memory.byte(at: address)
      {
        unsafe storage.initializeElement(at: count, to: byte)
        count += 1
      }
    }
    unsafe bytes = UnsafeBufferPointer(rebasing: storage[0..<count])
    isCut = UInt64(count) < range?.byteCount ?? 0
  }

  /// The number of bytes.
  public var count: Int { unsafe bytes.count }

  /// The byte at `index`; nil outside the line.
  func byte(at index: Int) -> UInt8? {
    index >= 0 && index < count ? unsafe bytes[index] : nil
  }

  /// The words in order.
  public var words: CommandLineWords { CommandLineWords(self) }

  /// Whether `word` is one of the words on the line.
  public func contains(_ word: StaticString) -> Bool {
    var words = words
    while let found = words.next() {
      if found.equals(word) { return true }
    }
    return false
  }

  /// The value of the first word of the form `name=value`.
  ///
  /// - Parameter prefix: The name, including the equals sign.
  public func value(behind prefix: StaticString) -> CommandLineWord? {
    var words = words
    while let word = words.next() {
      if let value = word.dropping(prefix) { return value }
    }
    return nil
  }

  /// Prints the line, as ``CommandLineWord/write(to:)`` does.
  public func write(to sink: inout some TextSink) {
    CommandLineWord(line: self, start: 0, end: count).write(to: &sink)
  }
}

/// The words of a command line in order.
public struct CommandLineWords: IteratorProtocol {
  private let line: KernelCommandLine
  private var position = 0

  init(_ line: KernelCommandLine) {
    self.line = line
  }

  /// The next word; nil after the last, and at `--`.
  public mutating func next() -> CommandLineWord? {
    while let byte = line.byte(at: position), isBlank(byte) { position += 1 }
    let start = position
    var isQuoted = false
    while let byte = line.byte(at: position), isQuoted || !isBlank(byte) {
      if byte == CommandLineWord.quote { isQuoted.toggle() }
      position += 1
    }
    guard start < position else { return nil }
    let word = CommandLineWord(line: line, start: start, end: position).unquoted
    guard !word.equals("--") else {
      position = line.count
      return nil
    }
    return word
  }

  /// Blanks and control characters end a word.
  private func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }
}

// A sequence only on a host, as an array of words needs a heap.
#if !hasFeature(Embedded) || BOOTMEM_HEAP
extension CommandLineWords: Sequence {}
#endif

/// A word of a command line, or a part of one.
public struct CommandLineWord {
  fileprivate static var quote: UInt8 { UInt8(ascii: "\"") }

  let line: KernelCommandLine

  /// The offsets on the line of its first byte and just past its last byte.
  let start: Int
  let end: Int

  /// The number of bytes.
  public var count: Int { end - start }

  /// Whether the word is `text`.
  @inline(never)
  public func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && dropping(text) != nil
  }

  /// The rest of the word after `prefix`, which may be empty; nil if the word does not start with
  /// it.
  ///
  /// If `prefix` ends with an equals sign the rest is a value, and quotes around it are removed.
  public func dropping(_ prefix: StaticString) -> CommandLineWord? {
    guard prefix.utf8CodeUnitCount <= count else { return nil }
    for index in 0..<prefix.utf8CodeUnitCount
    where unsafe line.byte(at: start + index) != prefix.utf8Start[index] {
      return nil
    }
    let rest = dropping(byteCount: prefix.utf8CodeUnitCount)
    let last = start + prefix.utf8CodeUnitCount - 1
    return line.byte(at: last) == UInt8(ascii: "=") && last >= start ? rest.unquoted : rest
  }

  /// The word without a quote at its start and the matching one at its end, if any.
  fileprivate var unquoted: CommandLineWord {
    guard first == Self.quote else { return self }
    let rest = dropping(byteCount: 1)
    guard rest.count > 0, line.byte(at: rest.end - 1) == Self.quote else { return rest }
    return CommandLineWord(line: line, start: rest.start, end: rest.end - 1)
  }

  /// The first byte; nil in an empty word.
  var first: UInt8? { count > 0 ? line.byte(at: start) : nil }

  /// The rest of the word after the first `byteCount` bytes.
  func dropping(byteCount: Int) -> CommandLineWord {
    CommandLineWord(line: line, start: min(start + byteCount, end), end: end)
  }

  /// The part before the first comma and the part after it, the latter nil if there is no comma.
  var splitAtComma: (head: CommandLineWord, tail: CommandLineWord?) {
    for index in start..<end where line.byte(at: index) == UInt8(ascii: ",") {
      return (
        CommandLineWord(line: line, start: start, end: index),
        CommandLineWord(line: line, start: index + 1, end: end)
      )
    }
    return (self, nil)
  }

  /// Prints the word, with a question mark in place of each byte that is not printable ASCII: a
  /// loader's text must not control a terminal.
  public func write(to sink: inout some TextSink) {
    for index in start..<end {
      guard let byte = line.byte(at: index) else { continue }
      sink.write(byte: (0x20..<0x7f).contains(byte) ? byte : UInt8(ascii: "?"))
    }
  }
}
