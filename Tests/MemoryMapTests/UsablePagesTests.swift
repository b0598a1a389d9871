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
