// SPDX-License-Identifier: MIT
import PhysicalMemory
import Testing

@Suite struct AddressRangeTests {
  private let top = PhysicalAddress(.max)

  private func range(_ start: UInt64, _ byteCount: UInt64) -> AddressRange? {
    AddressRange(start: PhysicalAddress(start), byteCount: byteCount)
  }

  private func pages(_ start: UInt64, _ end: UInt64) -> PageRange? {
    PageRange(start: PageFrame(start), end: PageFrame(end))
  }

  // MARK: Making ranges

  @Test func startAndByteCount_areKept() throws {
    let some = try #require(range(0x1234, 0x5678))
    #expect(some.start == PhysicalAddress(0x1234))
    #expect(some.byteCount == 0x5678)
  }

  @Test func startAndByteCount_mayReachTopOfAddressSpace() throws {
    let last = try #require(range(0xffff_ffff_ffff_f000, 0x1000))
    #expect(last.end == nil)
    #expect(last.last == top)
    #expect(range(.max, 1)?.last == top)
    #expect(range(1, .max)?.last == top)
  }

  @Test func startAndByteCount_beyondTopAreRefused() {
    #expect(range(0xffff_ffff_ffff_f000, 0x1001) == nil)
    #expect(range(.max, 2) == nil)
    #expect(range(2, .max) == nil)
    #expect(range(.max, .max) == nil)
  }

  @Test func startAndByteCount_anySizeFitsAtZero() throws {
    let most = try #require(range(0, .max))
    #expect(most.last == PhysicalAddress(.max - 1))
    #expect(most.end == top)
  }

  @Test func startAndEnd_leaveEndOut() throws {
    let some = try #require(
      AddressRange(start: PhysicalAddress(0x1000), end: PhysicalAddress(0x3000)))
    #expect(some == range(0x1000, 0x2000))
    #expect(AddressRange(start: top, end: top) == range(.max, 0))
    #expect(AddressRange(start: PhysicalAddress(0), end: top) == range(0, .max))
  }

  @Test func startAndEnd_inWrongOrderAreRefused() {
    #expect(AddressRange(start: PhysicalAddress(1), end: PhysicalAddress(0)) == nil)
    #expect(AddressRange(start: top, end: PhysicalAddress(0)) == nil)
  }

  @Test func firstAndLast_areBothIncluded() {
    #expect(AddressRange(first: PhysicalAddress(8), last: PhysicalAddress(8)) == range(8, 1))
    #expect(AddressRange(first: top, last: top) == range(.max, 1))
    #expect(AddressRange(first: PhysicalAddress(1), last: top) == range(1, .max))
    #expect(
      AddressRange(first: PhysicalAddress(0), last: PhysicalAddress(.max - 1)) == range(0, .max))
  }

  @Test func firstAndLast_inWrongOrderAreRefused() {
    #expect(AddressRange(first: PhysicalAddress(9), last: PhysicalAddress(8)) == nil)
  }

  @Test func firstAndLast_ofAllAddressesAreRefused() {
    #expect(AddressRange(first: PhysicalAddress(0), last: top) == nil)
  }

  @Test func pageRange_becomesItsAddresses() throws {
    #expect(AddressRange(try #require(pages(1, 4))) == range(0x1000, 0x3000))
    #expect(AddressRange(try #require(pages(3, 3))) == range(0x3000, 0))
    #expect(AddressRange(try #require(pages(0, 0))) == range(0, 0))
  }

  @Test func pageRange_mayEndAtTopOfAddressSpace() throws {
    let all = PageFrame.end.number
    #expect(
      AddressRange(try #require(pages(all - 1, all))) == range(0xffff_ffff_ffff_f000, 0x1000))
    #expect(AddressRange(try #require(pages(1, all))) == range(0x1000, 0 &- 0x1000))
  }

  @Test func pageRange_withoutAddressesIsRefused() throws {
    let all = PageFrame.end.number
    #expect(AddressRange(try #require(pages(0, all))) == nil)
    #expect(AddressRange(try #require(pages(all, all))) == nil)
    #expect(AddressRange(try #require(pages(all - 1, all + 1))) == nil)
    #expect(AddressRange(try #require(pages(.max, .max))) == nil)
  }

  @Test func clampingByteCount_keepsWhatFits() {
    let fitting: [(UInt64, UInt64)] = [(0, 0), (0, .max), (1, .max), (.max, 0), (.max, 1)]
    for (start, byteCount) in fitting {
      let clamped = AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount)
      #expect(clamped == range(start, byteCount))
    }
  }

  @Test func clampingByteCount_endsAtTopOfAddressSpace() {
    #expect(AddressRange(start: top, clampingByteCount: 2) == range(.max, 1))
    #expect(AddressRange(start: top, clampingByteCount: .max) == range(.max, 1))
    #expect(AddressRange(start: PhysicalAddress(2), clampingByteCount: .max) == range(2, .max - 1))
  }

  @Test func literals_makeRangesThatCannotFail() {
    #expect(AddressRange(0x1000..<0x3000) == range(0x1000, 0x2000))
    #expect(AddressRange(0..<0) == range(0, 0))
    #expect(AddressRange(0..<0xffff_ffff_ffff_ffff) == range(0, .max))
  }

  @Test func intersection_hasTheAddressesOfBoth() {
    let some = AddressRange(0x1000..<0x3000)
    #expect(some.intersection(AddressRange(0x2ffe..<0x4000)) == range(0x2ffe, 2))
    #expect(some.intersection(AddressRange(0..<0x9000)) == some)
    #expect(some.intersection(AddressRange(0x3000..<0x4000)) == nil)
    #expect(some.intersection(AddressRange(0x2000..<0x2000)) == nil)
    let last = AddressRange(start: top, clampingByteCount: 1)
    #expect(last.intersection(AddressRange(start: 2, clampingByteCount: .max)) == last)
  }

  // MARK: Ends

  @Test func isEmpty_dependsOnSizeAlone() {
    #expect(range(0, 0)?.isEmpty == true)
    #expect(range(.max, 0)?.isEmpty == true)
    #expect(range(0, 1)?.isEmpty == false)
    #expect(range(.max, 1)?.isEmpty == false)
  }

  @Test func last_ofEmptyRangeIsNil() throws {
    #expect(try #require(range(0, 0)).last == nil)
    #expect(try #require(range(0x1000, 0)).last == nil)
    #expect(try #require(range(0x1000, 1)).last == PhysicalAddress(0x1000))
  }

  @Test func end_isJustBehind() throws {
    #expect(try #require(range(0x1000, 0x10)).end == PhysicalAddress(0x1010))
    #expect(try #require(range(.max, 0)).end == top)
    #expect(try #require(range(.max, 1)).end == nil)
    #expect(try #require(range(.max - 1, 1)).end == top)
  }

  // MARK: Comparing

  @Test func contains_bothEndsOfRange() throws {
    let some = try #require(range(0x1000, 0x10))
    #expect(!some.contains(PhysicalAddress(0xfff)))
    #expect(some.contains(PhysicalAddress(0x1000)))
    #expect(some.contains(PhysicalAddress(0x100f)))
    #expect(!some.contains(PhysicalAddress(0x1010)))
  }

  @Test func contains_topOfAddressSpace() throws {
    #expect(try #require(range(.max, 1)).contains(top))
    #expect(try #require(range(1, .max)).contains(top))
    #expect(try #require(range(1, .max)).contains(PhysicalAddress(0)) == false)
    #expect(try #require(range(0, .max)).contains(top) == false)
  }

  @Test func contains_nothingInEmptyRange() throws {
    #expect(try #require(range(0x1000, 0)).contains(PhysicalAddress(0x1000)) == false)
    #expect(try #require(range(.max, 0)).contains(top) == false)
  }

  @Test(
    arguments: [
      (0x1000, 0x1000, 0x2000, 0x1000, false),  // they adjoin
      (0x1000, 0x1001, 0x2000, 0x1000, true),  // they share a byte
      (0x1000, 0x3000, 0x2000, 0x10, true),  // one lies in the other
      (0x1000, 0x10, 0x1000, 0x10, true),  // they are the same
      (0, .max, .max, 1, false),
      (1, .max, .max, 1, true),
      (0, 1, .max, 1, false),  // the top does not adjoin the bottom
      (0x1000, 0x1000, 0x1800, 0, false),  // an empty range shares nothing
      (0x1000, 0, 0x1000, 0, false),
    ] as [(UInt64, UInt64, UInt64, UInt64, Bool)])
  func overlaps_onlyWhereAByteIsShared(
    start: UInt64, byteCount: UInt64, otherStart: UInt64, otherByteCount: UInt64, expected: Bool
  ) throws {
    let one = try #require(range(start, byteCount))
    let other = try #require(range(otherStart, otherByteCount))
    #expect(one.overlaps(other) == expected)
    #expect(other.overlaps(one) == expected)
  }

  // MARK: Rounding to pages

  @Test func wholePages_roundInwards() throws {
    #expect(try #require(range(0x1001, 0x2fff)).wholePages == pages(2, 4))
    #expect(try #require(range(0x1000, 0x1fff)).wholePages == pages(1, 2))
    #expect(try #require(range(0x1000, 0x2000)).wholePages == pages(1, 3))
    #expect(try #require(range(0, 0x1000)).wholePages == pages(0, 1))
  }

  @Test func wholePages_ofPartsOfPagesAreNil() throws {
    #expect(try #require(range(0x1800, 0x800 + 0x7ff)).wholePages == nil)
    #expect(try #require(range(0x1100, 0x200)).wholePages == nil)
    #expect(try #require(range(0, 0xfff)).wholePages == nil)
    #expect(try #require(range(0x1000, 0)).wholePages == nil)
    #expect(try #require(range(.max, 1)).wholePages == nil)
  }

  @Test func wholePages_reachTopOfAddressSpace() throws {
    let all = PageFrame.end.number
    #expect(try #require(range(0xffff_ffff_ffff_f000, 0x1000)).wholePages == pages(all - 1, all))
    #expect(try #require(range(0xffff_ffff_ffff_f000, 0xfff)).wholePages == nil)
    #expect(try #require(range(1, .max)).wholePages == pages(1, all))
    #expect(try #require(range(0, .max)).wholePages == pages(0, all - 1))
  }

  @Test func touchedPages_roundOutwards() throws {
    #expect(try #require(range(0x1fff, 2)).touchedPages == pages(1, 3))
    #expect(try #require(range(0x1000, 0x1000)).touchedPages == pages(1, 2))
    #expect(try #require(range(0, 1)).touchedPages == pages(0, 1))
  }

  @Test func touchedPages_ofEmptyRange() throws {
    #expect(try #require(range(0x1800, 0)).touchedPages == pages(1, 2))
    #expect(try #require(range(0x1000, 0)).touchedPages == pages(1, 1))
    #expect(try #require(range(0, 0)).touchedPages == pages(0, 0))
    #expect(
      try #require(range(.max, 0)).touchedPages
        == pages(PageFrame.end.number - 1, PageFrame.end.number))
  }

  @Test func touchedPages_reachTopOfAddressSpace() throws {
    let all = PageFrame.end.number
    #expect(try #require(range(.max, 1)).touchedPages == pages(all - 1, all))
    #expect(try #require(range(0, .max)).touchedPages == pages(0, all))
  }

  @Test func roundedBounds_onAndBesidePageBorders() throws {
    let inside = try #require(range(0x1001, 0x2ffe))
    #expect(inside.roundedUpStart == PageFrame(2))
    #expect(inside.roundedDownEnd == PageFrame(3))
    #expect(inside.roundedUpEnd == PageFrame(4))
    let aligned = try #require(range(0x1000, 0x2000))
    #expect(aligned.roundedUpStart == PageFrame(1))
    #expect(aligned.roundedDownEnd == PageFrame(3))
    #expect(aligned.roundedUpEnd == PageFrame(3))
  }

  @Test func roundedBounds_atTopOfAddressSpace() throws {
    let last = try #require(range(.max, 1))
    #expect(last.roundedUpStart == .end)
    #expect(last.roundedDownEnd == .end)
    #expect(last.roundedUpEnd == .end)
    let short = try #require(range(.max - 1, 1))
    #expect(short.roundedDownEnd == PageFrame(PageFrame.end.number - 1))
    #expect(short.roundedUpEnd == .end)
  }
}
