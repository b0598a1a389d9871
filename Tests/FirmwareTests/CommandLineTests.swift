// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import TestSupport
import Testing

@Suite struct CommandLineTests {
  private func text(_ word: CommandLineWord?) -> String? {
    guard let word else { return nil }
    var text = PrintedText()
    word.write(to: &text)
    return text.text
  }

  @Test func words_areSplitAtBlanks() {
    withCommandLine("  a\tbc=d  e ") { line in
      #expect(line.words.map { text($0) } == ["a", "bc=d", "e"])
    }
    withCommandLine("") { #expect(Array($0.words).isEmpty) }
  }

  @Test func words_quotesKeepBlanksAndAreNoPartOfThem() {
    withCommandLine("memmap=\"512M$1G\" foo=\"x mem=1G y\" \"a b=c\" d") { line in
      #expect(
        line.words.map { text($0) } == ["memmap=\"512M$1G\"", "foo=\"x mem=1G y\"", "a b=c", "d"])
      #expect(text(line.value(behind: "memmap=")) == "512M$1G")
      #expect(text(line.value(behind: "foo=")) == "x mem=1G y")
      #expect(text(line.value(behind: "mem=")) == nil)
    }
    // Without an end they reach to that of the line; in the midst of a value they stay.
    withCommandLine("a=\"b c") { #expect(text($0.value(behind: "a=")) == "b c") }
    withCommandLine("a=b\" \"c") { #expect(text($0.value(behind: "a=")) == "b\" \"c") }
    withCommandLine("\" \"\"") { line in
      #expect(line.words.map { text($0) } == [" \""])
    }
  }

  @Test func words_endAtTwoDashes() {
    withCommandLine("quiet -- mem=1M single") { line in
      #expect(line.words.map { text($0) } == ["quiet"])
      #expect(!line.contains("single"))
    }
    withCommandLine("--x a--") { #expect($0.words.map { text($0) } == ["--x", "a--"]) }
  }

  @Test func contains_findsWholeWordsOnly() {
    withCommandLine("quiet bootmem_debug=1") { line in
      #expect(line.contains("quiet"))
      #expect(!line.contains("bootmem_debug"))
      #expect(!line.contains("quie"))
    }
  }

  @Test func value_isThatOfTheFirstWord() {
    withCommandLine("trap= xtrap=1 trap=2") { line in
      #expect(text(line.value(behind: "trap=")) == "")
      #expect(text(line.value(behind: "xtrap=")) == "1")
      #expect(text(line.value(behind: "none=")) == nil)
    }
  }

  @Test func init_saysThatTextWasCut() {
    withCommandLine("abcdef", capacity: 4) { line in
      #expect(line.isCut)
      #expect(line.words.map { text($0) } == ["abcd"])
    }
    withCommandLine("abcd", capacity: 4) { #expect(!$0.isCut) }
  }

  @Test func init_textOutOfReachIsCut() {
    let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 8)
    defer { unsafe storage.deallocate() }
    let range = AddressRange(start: PhysicalAddress(0x1000), byteCount: 4)
    let line = unsafe KernelCommandLine(copying: range, in: FakeMemory(), storage: storage)
    #expect(line.isCut && line.count == 0)
    let none = unsafe KernelCommandLine(copying: nil, in: FakeMemory(), storage: storage)
    #expect(!none.isCut && none.count == 0)
  }

  @Test func write_bytesThatAreNoPrintableASCIIAreQuestionMarks() {
    withCommandLine("a\u{1b}[2J\u{7f} mem=\u{e9}\t0\n~") { line in
      var printed = PrintedText()
      line.write(to: &printed)
      #expect(printed.text == "a?[2J? mem=???0?~")
    }
  }
}
