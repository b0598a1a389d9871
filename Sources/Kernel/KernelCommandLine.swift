#if hasFeature(Embedded)
import Firmware
import PhysicalMemory
import TextOutput

/// The words that the loader passed on, copied, as the loader's own memory may be reused.
@safe
struct KernelCommandLine {
  static let capacity = 4096

  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// The number of bytes of the text; at most the capacity.
  let count: Int

  /// Whether there was more text than capacity.
  let isCut: Bool

  /// Copies the text at `range` into `storage`.
  init(
    copying range: AddressRange?, in memory: some PhysicalMemoryReader,
    storage: UnsafeMutableBufferPointer<UInt8>
  ) {
    unsafe bytes = storage
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
    self.count = count
    isCut = UInt64(count) < range?.byteCount ?? 0
  }

  /// A word, or the part of one behind `name=`.
  struct Word {
    fileprivate let line: KernelCommandLine
    fileprivate let range: Range<Int>

    /// Whether the word is `text`.
    func equals(_ text: StaticString) -> Bool {
      guard range.count == text.utf8CodeUnitCount else { return false }
      return line.matches(text, at: range.lowerBound)
    }

    func write(to sink: inout some TextSink) {
      for index in range { unsafe sink.write(byte: line.bytes[index]) }
    }
  }

  /// Whether `word` stands on the line by itself.
  func contains(_ word: StaticString) -> Bool {
    var position = 0
    while let found = nextWord(from: position) {
      if found.equals(word) { return true }
      position = found.range.upperBound
    }
    return false
  }

  /// The value of the first word of the form `name=value`.
  ///
  /// - Parameter prefix: the name with the equals sign.
  func value(behind prefix: StaticString) -> Word? {
    var position = 0
    while let word = nextWord(from: position) {
      if word.range.count >= prefix.utf8CodeUnitCount, matches(prefix, at: word.range.lowerBound) {
        return Word(
          line: self,
          range: word.range.lowerBound + prefix.utf8CodeUnitCount..<word.range.upperBound
        )
      }
      position = word.range.upperBound
    }
    return nil
  }

  /// Writes the text.
  func write(to sink: inout some TextSink) {
    Word(line: self, range: 0..<count).write(to: &sink)
  }

  private func nextWord(from position: Int) -> Word? {
    var start = position
    while start < count, isSpace(start) { start += 1 }
    guard start < count else { return nil }
    var end = start
    while end < count, !isSpace(end) { end += 1 }
    return Word(line: self, range: start..<end)
  }

  private func isSpace(_ index: Int) -> Bool { unsafe bytes[index] <= UInt8(ascii: " ") }

  private func matches(_ text: StaticString, at start: Int) -> Bool {
    guard count - start >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount {
      if unsafe bytes[start + index] != text.utf8Start[index] { return false }
    }
    return true
  }
}
#endif
