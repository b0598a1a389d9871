// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import Testing

@Suite struct UsablePagesTests {
  private let entries: [Entry] = [
    (0, 0x3000, .usable), (0x3000, 0x4000, .reserved), (0x4000, 0x8000, .usable),
    (1 << 32, (1 << 32) + 0x5000, .usable), (1 << 47, (1 << 47) + (1 << 46), .usable),
  ]

  private func pages(_ start: UInt64, _ end: UInt64) -> PageRange? {
    PageRange(start: PageFrame(start), end: PageFrame(end))
  }

  // map        UUURUUUU
  // below 6    UUU.UU
  @Test func usablePages_areCutAtTheLimit() throws {
    try withMap(of: entries) { map in
      #expect(Array(map.usablePages(below: PageFrame(6))) == [pages(0, 3), pages(4, 6)])
      #expect(Array(map.usablePages(below: PageFrame(4))) == [pages(0, 3)])
      #expect(Array(map.usablePages(below: PageFrame(0))) == [])
    }
  }

  // map        UUURUUUU
  // 1..<5      .UU.U
  @Test func usablePages_areCutToAWindow() throws {
    try withMap(of: entries) { map in
      let window = try #require(pages(1, 5))
      #expect(Array(map.usablePages(in: window)) == [pages(1, 3), pages(4, 5)])
    }
  }

  /// Every window of a map has the usable pages that are in it, wherever it begins.
  @Test func windows_haveThePagesInThem() throws {
    let regions: [Entry] = (0..<9).map { number in
      let start = UInt64(number) * 0x3000
      return (
        start, start + (number % 3 == 0 ? 0x1000 : 0x2800), number % 4 == 3 ? .reserved : .usable
      )
    }
    try withMap(of: regions) { map in
      for first in 0..<UInt64(30) {
        for end in first..<UInt64(30) {
          let window = try #require(pages(first, end))
          var found: Set<UInt64> = []
          var ranges = map.usablePages(in: window)
          while let range = ranges.next() { found.formUnion(range.start.number..<range.end.number) }
          let expected = (first..<end).filter { page in
            regions.contains { region in
              region.kind == .usable && region.start <= page << 12
                && (page + 1) << 12 <= region.end
            }
          }
          #expect(found == Set(expected))
        }
      }
    }
  }

  /// A window is found without a walk from the start of the map: a hundred thousand windows on as
  /// many regions would walk over five thousand million.
  @Test(.timeLimit(.minutes(1))) func manyWindows_areFoundInTime() throws {
    let regionCount: UInt64 = 100_000
    try withMap(of: (0..<regionCount).map { ($0 * 0x2000, $0 * 0x2000 + 0x1000, .usable) }) { map in
      var pageCount: UInt64 = 0
      for number in 0..<regionCount {
        var ranges = map.usablePages(in: try #require(pages(number * 2, number * 2 + 2)))
        while let range = ranges.next() { pageCount += range.pageCount }
      }
      #expect(pageCount == regionCount)
    }
  }

  @Test func usablePageCount_splitsAtALimit() throws {
    try withMap(of: entries) { map in
      let fourGibibytes = PageFrame(1 << 20)
      #expect(map.usablePageCount(below: fourGibibytes) == 7)
      #expect(map.usablePageCount(beyond: fourGibibytes) == 5 + (1 << 34))
      #expect(map.usablePageCount() == 12 + (1 << 34))
      #expect(map.usableEnd == PageFrame((1 << 35) + (1 << 34)))
    }
  }

  // map        UUURUUUU
  @Test func hasUsable_onlyWhereEveryPageIs() throws {
    try withMap(of: entries) { map in
      for pages: PageRange in [.init(0..<3), .init(1..<2), .init(4..<8), .init(3..<3)] {
        #expect(map.hasUsable(pages))
      }
      for pages: PageRange in [.init(0..<4), .init(2..<5), .init(3..<4), .init(7..<9)] {
        #expect(!map.hasUsable(pages))
      }
    }
  }
}
