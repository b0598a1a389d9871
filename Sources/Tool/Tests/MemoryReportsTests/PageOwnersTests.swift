// SPDX-License-Identifier: MIT
import PhysicalMemory
import TestSupport
import Testing

import MemoryReports

@Suite struct PageOwnersTests {
  private func pages(_ start: UInt64, _ end: UInt64) -> PageRange {
    PageRange(start: PageFrame(start), pageCount: end - start) ?? PageRange(emptyAt: PageFrame(0))
  }

  /// Ranges agree with an array that has an owner for each page.
  @Test(.namingSeed) func ranges_agreeWithSinglePages() {
    var generator = SplitMix(stream: 1)
    for _ in 0..<50 {
      var owners = PageOwners()
      var single = Array(repeating: PageOwner.nobody, count: 64)
      for _ in 0..<60 {
        let first = Int(generator.next() % 64)
        let end = first + Int(generator.next() % UInt64(65 - first))
        let owner = PageOwner.allCases[Int(generator.next() % 8)]
        let kept = PageOwner.allCases[Int(generator.next() % 8)]
        owners.set(pages(UInt64(first), UInt64(end)), to: owner) { $0 != kept }
        for page in first..<end where single[page] != kept { single[page] = owner }
        if generator.next() % 8 == 0 {
          owners.setAll(kept, to: owner)
          // Pages beyond those compared change too, and stay the same on both sides.
          single = single.map { $0 == kept ? owner : $0 }
        }
        for page in single.indices {
          var counts = Array(repeating: UInt64(0), count: 8)
          counts[single[page].rawValue] = 1
          #expect(owners.counts(in: pages(UInt64(page), UInt64(page) + 1)) == counts)
        }
      }
    }
  }

  @Test func counts_addUpOverManyRanges() {
    var owners = PageOwners()
    owners.set(pages(10, 1 << 40), to: .firmware)
    owners.set(pages(20, 30), to: .free)
    let counts = owners.counts(in: pages(0, 1 << 41))
    #expect(counts[PageOwner.nobody.rawValue] == 10 + (1 << 40))
    #expect(counts[PageOwner.firmware.rawValue] == (1 << 40) - 20)
    #expect(counts[PageOwner.free.rawValue] == 10)
  }
}
