// SPDX-License-Identifier: MIT
import TextOutput

/// A name for memory that is known when the kernel is built: `"page table of init"`.
///
/// It holds a pointer to the text, not a copy; two names are equal if their texts are.
@safe
public struct MemoryName: Hashable, @unchecked Sendable {
  // Half the size of a static string, so that every range of memory can have one.
  private let start: UnsafePointer<UInt8>
  private let byteCount: UInt32

  /// Makes a name from a string literal.
  ///
  /// - Precondition: `text` is a literal of characters, not of one Unicode scalar.
  public init(_ text: StaticString) {
    precondition(text.hasPointerRepresentation)
    unsafe start = text.utf8Start
    byteCount = UInt32(text.utf8CodeUnitCount)
  }

  /// Makes a name from bytes that must stay in place and unchanged as long as the name is used.
  @unsafe
  public init(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let first = bytes.baseAddress, let count = UInt32(exactly: bytes.count) {
      unsafe self.init(start: first, byteCount: count)
    } else {
      self.init("")
    }
  }

  private init(start: UnsafePointer<UInt8>, byteCount: UInt32) {
    unsafe self.start = start
    self.byteCount = byteCount
  }

  /// The bytes of the text.  They are constant, and stay valid.
  var bytes: UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: start, count: Int(byteCount))
  }

  /// Whether the texts are equal, byte for byte.
  public static func == (left: MemoryName, right: MemoryName) -> Bool {
    guard left.byteCount == right.byteCount else { return false }
    if unsafe left.start == right.start { return true }
    for index in unsafe left.bytes.indices where unsafe left.bytes[index] != right.bytes[index] {
      return false
    }
    return true
  }

  /// Feeds the bytes of the text to `hasher`.
  public func hash(into hasher: inout Hasher) {
    for index in unsafe bytes.indices { unsafe hasher.combine(bytes[index]) }
  }

  /// Writes the text.
  public func write(to sink: inout some TextSink) {
    for index in unsafe bytes.indices { unsafe sink.write(byte: bytes[index]) }
  }
}
