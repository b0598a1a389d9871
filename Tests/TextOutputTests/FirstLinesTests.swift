// SPDX-License-Identifier: MIT
import TextOutput
import Testing

@Suite struct FirstLinesTests {
  private func text(lines count: Int) -> String {
    var lines = FirstLines(to: StringSink())
    for number in 0..<count {
      lines.write("line ")
      lines.write(decimal: UInt(number))
      lines.write("\n")
    }
    return lines.finish().text
  }

  @Test func write_fewLinesPassThrough() {
    #expect(text(lines: 0) == "")
    #expect(text(lines: 2) == "line 0\nline 1\n")
    #expect(text(lines: 16).hasSuffix("line 14\nline 15\n"))
  }

  @Test func write_ofManyTheRestIsCounted() {
    #expect(text(lines: 17).hasSuffix("line 15\nand 1 more reports of this kind\n"))
    #expect(text(lines: 43000).hasSuffix("line 15\nand 42984 more reports of this kind\n"))
  }
}
