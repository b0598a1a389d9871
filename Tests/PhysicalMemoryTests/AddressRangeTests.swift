import PhysicalMemory
import Testing

@Suite struct AddressRangeTests {
  private func range(_ start: UInt64, _ byteCount: UInt64) -> AddressRange? {
    AddressRange(start: PhysicalAddress(start), byteCount: byteCount)
  }

  @Test func range_mayEndAtTopOfAddressSpace() throws {
    let top = try #require(range(0xffff_ffff_ffff_f000, 0x1000))
    #expect(top.end == nil)
    #expect(top.last == PhysicalAddress(.max))
    #expect(top.wholePages == PageRange(start: PageFrame((1 << 52) - 1), end: .end))
  }

  @Test func range_beyondTopIsRefused() {
    #expect(range(0xffff_ffff_ffff_f000, 0x1001) == nil)
    #expect(range(.max, 2) == nil)
  }

  @Test func wholePages_roundInwards() throws {
    let partial = try #require(range(0x1001, 0x2fff))
    #expect(partial.wholePages == PageRange(start: PageFrame(2), end: PageFrame(4)))
    #expect(try #require(range(0x1800, 0x800 + 0x7ff)).wholePages == nil)
    #expect(try #require(range(0x1100, 0x200)).wholePages == nil)
  }

  @Test func touchedPages_roundOutwards() throws {
    let partial = try #require(range(0x1fff, 2))
    #expect(partial.touchedPages == PageRange(start: PageFrame(1), end: PageFrame(3)))
    let emptyInside = try #require(range(0x1800, 0))
    #expect(emptyInside.touchedPages.pageCount == 1)
    let emptyOnBorder = try #require(range(0x1000, 0))
    #expect(emptyOnBorder.touchedPages.isEmpty)
  }
}
