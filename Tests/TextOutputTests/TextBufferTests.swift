// SPDX-License-Identifier: MIT
import TextOutput
import Testing

@Suite struct TextBufferTests {
  private func text(of buffer: TextBuffer) -> String {
    unsafe buffer.withBytes { bytes in unsafe String(decoding: bytes, as: UTF8.self) }
  }

  /// A buffer that was given `count` letters, `a` to `z` again and again.
  private func filled(_ count: Int) -> (buffer: TextBuffer, letters: String) {
    var buffer = TextBuffer()
    var letters = StringSink()
    for index in 0..<count {
      let letter = UInt8(0x61 + index % 26)
      buffer.write(byte: letter)
      letters.write(byte: letter)
    }
    return (buffer, letters.text)
  }

  @Test func text_isEmptyAtFirst() {
    #expect(text(of: TextBuffer()) == "")
  }

  @Test func text_isKeptUpToCapacity() {
    for count in [1, 26, TextBuffer.capacity - 1, TextBuffer.capacity] {
      let (buffer, letters) = filled(count)
      #expect(text(of: buffer) == letters)
    }
  }

  @Test func text_beyondCapacityEndsInDots() {
    for count in [TextBuffer.capacity + 1, TextBuffer.capacity + 2, TextBuffer.capacity * 3] {
      let (buffer, letters) = filled(count)
      #expect(text(of: buffer) == letters.prefix(TextBuffer.capacity - 3) + "...")
    }
  }

  @Test func bytes_areFollowedByZero() {
    for count in [0, 1, TextBuffer.capacity, TextBuffer.capacity + 1] {
      let (buffer, _) = filled(count)
      let next = unsafe buffer.withBytes { bytes in bytes.baseAddress?[bytes.count] }
      #expect(next == 0)
    }
  }

  @Test func bytes_areAsManyAsFit() {
    for count in [0, 1, TextBuffer.capacity, TextBuffer.capacity + 1] {
      let (buffer, _) = filled(count)
      let byteCount = unsafe buffer.withBytes { bytes in bytes.count }
      #expect(byteCount == min(count, TextBuffer.capacity))
    }
  }
}
