// SPDX-License-Identifier: MIT
import PhysicalMemory
import Testing

@Suite struct PageRangeTests {
  private func pages(_ start: UInt64, _ end: UInt64) -> PageRange? {
    PageRange(start: PageFrame(start), end: PageFrame(end))
  }

  @Test func startAndEnd_leaveEndOut() throws {
    let some = try #require(pages(2, 5))
    #expect(some.start == PageFrame(2))
    #expect(some.end == PageFrame(5))
    #expect(some.pageCount == 3)
  }

  @Test func startAndEnd_inWrongOrderAreRefused() {
    #expect(pages(1, 0) == nil)
    #expect(pages(.max, 0) == nil)
  }

  @Test func startAndPageCount_giveEnd() {
    #expect(PageRange(start: PageFrame(2), pageCount: 3) == pages(2, 5))
    #expect(PageRange(start: PageFrame(2), pageCount: 0) == pages(2, 2))
    #expect(PageRange(start: PageFrame(1), pageCount: .max - 1) == pages(1, .max))
  }

  @Test func startAndPageCount_thatOverflowAreRefused() {
    #expect(PageRange(start: PageFrame(1), pageCount: .max) == nil)
    #expect(PageRange(start: PageFrame(.max), pageCount: 1) == nil)
  }

  @Test func emptyAt_hasPlaceButNoPage() {
    for number in [0, 7, .max] as [UInt64] {
      let empty = PageRange(emptyAt: PageFrame(number))
      #expect(empty == pages(number, number))
      #expect(empty.isEmpty)
      #expect(empty.pageCount == 0)
    }
  }

  @Test func pageCount_ofLargestRange() throws {
    #expect(try #require(pages(0, .max)).pageCount == .max)
    #expect(try #require(pages(0, .max)).isEmpty == false)
  }

  @Test func containsPage_bothEndsOfRange() throws {
    let some = try #require(pages(2, 5))
    #expect([1, 2, 4, 5].map { some.contains(PageFrame($0)) } == [false, true, true, false])
    #expect(!PageRange(emptyAt: PageFrame(3)).contains(PageFrame(3)))
  }

  @Test(
    arguments: [
      (2, 5, true), (3, 4, true),
      (1, 5, false), (2, 6, false), (0, 2, false), (5, 7, false), (0, 9, false),
      (2, 2, true), (5, 5, true),  // an empty range may lie on either border
      (1, 1, false), (6, 6, false),
    ] as [(UInt64, UInt64, Bool)])
  func containsRange_onlyAsAWhole(start: UInt64, end: UInt64, expected: Bool) throws {
    let other = try #require(pages(start, end))
    #expect(try #require(pages(2, 5)).contains(other) == expected)
  }

  /// The pages that a range shares with pages 2, 3 and 4; nil for none.
  @Test(
    arguments: [
      (0, 2, nil), (5, 9, nil),  // they adjoin
      (0, 3, 2..<3), (4, 9, 4..<5),  // they share one page
      (2, 5, 2..<5), (3, 4, 3..<4), (0, .max, 2..<5),
      (3, 3, nil), (2, 2, nil), (5, 5, nil),  // an empty range shares nothing
    ] as [(UInt64, UInt64, Range<UInt64>?)])
  func overlapsAndIntersection_agree(
    start: UInt64, end: UInt64, shared: Range<UInt64>?
  ) throws {
    let some = try #require(pages(2, 5))
    let other = try #require(pages(start, end))
    let expected = try shared.map { try #require(pages($0.lowerBound, $0.upperBound)) }
    #expect(some.intersection(other) == expected)
    #expect(other.intersection(some) == expected)
    #expect(some.overlaps(other) == (expected != nil))
    #expect(other.overlaps(some) == (expected != nil))
  }

  @Test func intersection_atTopOfNumbers() throws {
    let top = try #require(pages(.max - 1, .max))
    #expect(top.intersection(try #require(pages(0, .max))) == top)
    #expect(top.intersection(try #require(pages(0, .max - 1))) == nil)
  }

  @Test func literals_makeRangesThatCannotFail() {
    #expect(PageRange(1..<5) == PageRange(start: PageFrame(1), end: PageFrame(5)))
    #expect(PageRange(7..<7) == PageRange(emptyAt: PageFrame(7)))
    #expect(PageRange(0..<0xffff_ffff_ffff_ffff).pageCount == .max)
  }
}
