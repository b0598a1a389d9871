import PhysicalMemory
import TextOutput

/// The kernel's command line: words with blanks between them, such as `mem=64M bootmem_debug`.
///
/// It is a copy, as the loader's memory may be handed out.  The bytes lie in storage of its maker.
@safe
public struct CommandLine {
  private let bytes: UnsafeBufferPointer<UInt8>

  /// Whether there was more text than room for it.
  public let isCut: Bool

  /// Copies the text at `range` into `storage`, which must stay valid and untouched as long as the
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

  /// The words in their order.
  public var words: CommandLineWords { CommandLineWords(self) }

  /// Whether `word` stands on the line by itself.
  public func contains(_ word: StaticString) -> Bool {
    for found in words where found.equals(word) { return true }
    return false
  }

  /// The value of the first word of the form `name=value`.
  ///
  /// - Parameter prefix: The name with the equals sign.
  public func value(behind prefix: StaticString) -> CommandLineWord? {
    for word in words {
      if let value = word.dropping(prefix) { return value }
    }
    return nil
  }

  /// Prints the line.
  public func write(to sink: inout some TextSink) {
    CommandLineWord(line: self, start: 0, end: count).write(to: &sink)
  }
}
