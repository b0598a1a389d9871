// SPDX-License-Identifier: MIT
import TextOutput
import Testing

@Suite struct StringSinkTests {
  @Test func text_isEmptyAtFirst() {
    #expect(StringSink().text == "")
  }

  @Test func text_isEveryByteInOrder() {
    var sink = StringSink()
    for byte in UInt8(0)..<128 { sink.write(byte: byte) }
    #expect(Array(sink.text.utf8) == Array(0..<128))
  }
}
