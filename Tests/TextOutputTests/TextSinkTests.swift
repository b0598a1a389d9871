// SPDX-License-Identifier: MIT
import TextOutput
import Testing

@Suite struct TextSinkTests {
  private func printed(_ print: (inout StringSink) -> Void) -> String {
    var sink = StringSink()
    print(&sink)
    return sink.text
  }

  // MARK: Static strings

  @Test func staticString_isWrittenByteByByte() {
    #expect(printed { $0.write("e820: usable\n") } == "e820: usable\n")
    #expect(printed { $0.write("x") } == "x")
    #expect(printed { $0.write("") } == "")
  }

  @Test func writes_followEachOther() {
    let text = printed {
      $0.write("0x")
      $0.write(hexadecimal: 0x1f as UInt64)
      $0.write(byte: 0x20)
      $0.write(decimal: 31 as UInt64)
    }
    #expect(text == "0x1f 31")
  }

  // MARK: Texts with numbers

  @Test func textWithNumbers_hasThemInTheirPlaces() {
    let numbers: InlineArray<3, UInt64> = [0xab, 12, UInt64(bitPattern: -7)]
    let text = printed { $0.write("0x% [# pages] on #", with: numbers.span) }
    #expect(text == "0xab [12 pages] on -7")
    // Numbers without a place are left out.
    #expect(printed { $0.write("page %", with: numbers.span) } == "page ab")
    #expect(printed { $0.write("no number", with: numbers.span) } == "no number")
    let largest: InlineArray<2, UInt64> = [.max, UInt64(bitPattern: Int64.min)]
    let both = printed { $0.write("%#", with: largest.span) }
    #expect(both == "ffffffffffffffff-9223372036854775808")
  }

  // MARK: Hexadecimal

  @Test(
    arguments: [
      (0, "0"), (9, "9"), (0xa, "a"), (0xf, "f"), (0x10, "10"), (0x9abc_def0, "9abcdef0"),
      (0x1234_5678, "12345678"), (1 << 60, "1000000000000000"), (.max, "ffffffffffffffff"),
    ] as [(UInt64, String)])
  func hexadecimal_hasNoLeadingZeros(value: UInt64, expected: String) {
    #expect(printed { $0.write(hexadecimal: value) } == expected)
  }

  @Test func hexadecimal_isFilledWithZeros() {
    #expect(printed { $0.write(hexadecimal: 0 as UInt64, minimumDigitCount: 8) } == "00000000")
    #expect(printed { $0.write(hexadecimal: 0xab as UInt64, minimumDigitCount: 3) } == "0ab")
    #expect(printed { $0.write(hexadecimal: 0xab as UInt64, minimumDigitCount: 2) } == "ab")
    #expect(
      printed { $0.write(hexadecimal: UInt64.max, minimumDigitCount: 18) }
        == "00ffffffffffffffff")
  }

  @Test func hexadecimal_minimumNeverCuts() {
    #expect(printed { $0.write(hexadecimal: 0xabc as UInt64, minimumDigitCount: 1) } == "abc")
    #expect(printed { $0.write(hexadecimal: 0 as UInt64, minimumDigitCount: 0) } == "0")
    #expect(printed { $0.write(hexadecimal: 5 as UInt64, minimumDigitCount: -1) } == "5")
  }

  @Test func hexadecimal_ofEveryWidth() {
    #expect(printed { $0.write(hexadecimal: UInt8.max) } == "ff")
    #expect(printed { $0.write(hexadecimal: UInt16.max) } == "ffff")
    #expect(printed { $0.write(hexadecimal: UInt32.max) } == "ffffffff")
    #expect(printed { $0.write(hexadecimal: 0x10 as UInt) } == "10")
  }

  // MARK: Decimal

  @Test(
    arguments: [
      (0, "0"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (1_000_000_007, "1000000007"),
      (9_999_999_999_999_999_999, "9999999999999999999"),
      (10_000_000_000_000_000_000, "10000000000000000000"), (.max, "18446744073709551615"),
    ] as [(UInt64, String)])
  func decimal_hasNoLeadingZeros(value: UInt64, expected: String) {
    #expect(printed { $0.write(decimal: value) } == expected)
  }

  @Test func decimal_isAlignedRight() {
    #expect(printed { $0.write(decimal: 0 as UInt64, minimumWidth: 3) } == "  0")
    #expect(printed { $0.write(decimal: 42 as UInt64, minimumWidth: 5) } == "   42")
    #expect(printed { $0.write(decimal: 42 as UInt64, minimumWidth: 2) } == "42")
    #expect(
      printed { $0.write(decimal: UInt64.max, minimumWidth: 21) } == " 18446744073709551615")
  }

  @Test func decimal_minimumNeverCuts() {
    #expect(printed { $0.write(decimal: 1234 as UInt64, minimumWidth: 2) } == "1234")
    #expect(printed { $0.write(decimal: 7 as UInt64, minimumWidth: 0) } == "7")
    #expect(printed { $0.write(decimal: 7 as UInt64, minimumWidth: -1) } == "7")
  }

  @Test func decimal_ofEveryWidth() {
    #expect(printed { $0.write(decimal: UInt8.max) } == "255")
    #expect(printed { $0.write(decimal: UInt16.max) } == "65535")
    #expect(printed { $0.write(decimal: UInt32.max) } == "4294967295")
  }

  // MARK: Byte counts

  @Test(
    arguments: [
      (0, "0 B"), (1, "1 B"), (1023, "1023 B"),
      (1 << 10, "1 KiB"), (1 << 20, "1 MiB"), (1 << 30, "1 GiB"), (1 << 40, "1 TiB"),
      (1 << 50, "1 PiB"), (1 << 60, "1 EiB"), (640 << 10, "640 KiB"), (15 << 60, "15 EiB"),
    ] as [(UInt64, String)])
  func byteCount_inItsLargestUnit(byteCount: UInt64, expected: String) {
    #expect(printed { $0.write(byteCount: byteCount) } == expected)
  }

  @Test(
    arguments: [
      (1025, "1.0 KiB"), (1536, "1.5 KiB"), (2047, "1.9 KiB"),
      ((1 << 20) - 1, "1023.9 KiB"), ((1 << 30) - 1, "1023.9 MiB"), ((1 << 60) - 1, "1023.9 PiB"),
      (0xffff_f000, "3.9 GiB"), (.max, "15.9 EiB"),
    ] as [(UInt64, String)])
  func byteCount_isCutAfterOneDecimal(byteCount: UInt64, expected: String) {
    #expect(printed { $0.write(byteCount: byteCount) } == expected)
  }
}
