// SPDX-License-Identifier: MIT

/// A piece of text in memory: a message that must be passed on as a whole.
///
/// Text that does not fit is cut off, and the last three characters that fit become dots.
public struct TextBuffer: TextSink {
  /// The number of bytes that fit.
  public static let capacity = 240

  private var bytes = InlineArray<241, UInt8>(repeating: 0)
  private var count = 0

  /// Makes an empty text.
  public init() {}

  /// Takes one ASCII byte, if it still fits.
  @inline(never)
  public mutating func write(byte: UInt8) {
    guard count < Self.capacity else {
      for index in (Self.capacity - 3)..<Self.capacity { bytes[index] = 0x2e }
      return
    }
    bytes[count] = byte
    count += 1
  }

  /// Calls `body` with the text, which is followed in memory by a zero byte, for C.
  public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let span = bytes.span
    return unsafe span.withUnsafeBufferPointer { buffer in
      unsafe body(UnsafeBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
