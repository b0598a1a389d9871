// SPDX-License-Identifier: MIT
import Bootmem
import Testing

/// Examples of articles that stand in no kernel: `scripts/check-articles` finds them here, and here
/// they are run.
@Suite struct ArticleTests {
  @Test func physicalMemory_rangesAndPages() {
    let range = AddressRange(0x1800..<0x4200)
    let toGiveOut = range.wholePages  // Pages 2 and 3.
    let toKeep = range.touchedPages  // Pages 1 to 4.
    #expect(toGiveOut == PageRange(2..<4))
    #expect(toKeep == PageRange(1..<5))
  }

  @Test func physicalMemory_topOfTheAddressSpace() {
    let top = AddressRange(start: 0xffff_ffff_ffff_f000, byteCount: 0x1000)  // Up to the end.
    let beyond = AddressRange(start: 0xffff_ffff_ffff_f000, byteCount: 0x1001)  // nil
    #expect(top?.last == 0xffff_ffff_ffff_ffff)
    #expect(beyond == nil)
  }

  // One column is a KiB, a page has four.
  // given   .UUUUUUUUUUUUUUUUUUUU.
  //         .........RRR..........
  // Expect  ....UUUURRRRUUUUUUUU..
  @Test func memoryMap_usableShrinksAndOthersGrow() throws {
    let given = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 2)
    let storage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 4)
    defer {
      unsafe given.deallocate()
      unsafe storage.deallocate()
    }
    var list = unsafe MemoryRegionList(storage: given)
    list.append(MemoryRegion(range: AddressRange(0x400..<0x5400), kind: .usable))
    list.append(MemoryRegion(range: AddressRange(0x2400..<0x3000), kind: .reserved))
    let map = unsafe try MemoryMap(sanitizing: &list, storage: storage)
    #expect(map.count == 3 && map.usablePageCount() == 3)
    #expect(map.hasUsable(PageRange(1..<2)) && map.hasUsable(PageRange(3..<5)))
    #expect(map.partialPageByteCount == 5 << 10)
  }

  struct CheckedMemory: TestableMemory {
    var pages: [PageFrame: UInt64] = [:]

    mutating func fill(_ page: PageFrame, with pattern: UInt64) { pages[page] = pattern }

    mutating func holds(_ pattern: UInt64, in page: PageFrame) -> Bool { pages[page] == pattern }
  }

  @Test func memoryTesting_goodMemory() {
    var memory = CheckedMemory()
    var reserved: [PageRange] = []
    let pages = PageRange(0x100..<0x200)
    let badPageCount = MemoryTest(passCount: 4).run(on: pages, in: &memory) { bad in
      reserved.append(bad)
    }
    #expect(badPageCount == 0 && reserved.isEmpty)
    #expect(memory.pages.count == 0x100)
  }
}
