// SPDX-License-Identifier: MIT
import MemoryTesting
import PhysicalMemory
import Testing

@Suite struct MemoryTestTests {
  /// Memory with faults in it.
  private struct FaultyMemory: TestableMemory {
    private var words: [UInt64: UInt64] = [:]
    /// Bits that stay set, or clear, whatever is written.
    var stuckHigh: [UInt64: UInt64] = [:]
    var stuckLow: [UInt64: UInt64] = [:]
    private(set) var fillCount = 0

    mutating func fill(_ page: PageFrame, with pattern: UInt64) {
      fillCount += 1
      for address in addresses(of: page) { words[address] = pattern }
    }

    mutating func holds(_ pattern: UInt64, in page: PageFrame) -> Bool {
      addresses(of: page).allSatisfy { address in
        let word = words[address] ?? 0
        return word & ~(stuckLow[address] ?? 0) | (stuckHigh[address] ?? 0) == pattern
      }
    }

    private func addresses(of page: PageFrame) -> StrideTo<UInt64> {
      stride(from: page.number << 12, to: (page.number + 1) << 12, by: 8)
    }
  }

  private func run(
    _ passCount: Int, pages: ClosedRange<UInt64>, _ memory: inout FaultyMemory
  ) throws -> [PageRange] {
    var bad: [PageRange] = []
    let range = PageRange(
      start: PageFrame(pages.lowerBound), end: PageFrame(pages.upperBound + 1))
    let count = MemoryTest(passCount: passCount)
      .run(on: try #require(range), in: &memory) { bad.append($0) }
    #expect(count == bad.reduce(0) { $0 + $1.pageCount })
    return bad
  }

  private func pages(_ first: UInt64, _ last: UInt64) -> PageRange? {
    PageRange(start: PageFrame(first), end: PageFrame(last + 1))
  }

  @Test func run_goodMemoryHasNoBadPage() throws {
    var memory = FaultyMemory()
    #expect(try run(MemoryTest.patternCount, pages: 1...3, &memory) == [])
    #expect(memory.fillCount == 16 * 3)
  }

  @Test func run_noPassTouchesNothing() throws {
    var memory = FaultyMemory()
    memory.stuckHigh[0x1000] = 1
    #expect(try run(0, pages: 1...3, &memory) == [])
    #expect(memory.fillCount == 0)
  }

  // pages        1234567
  // bad          .XX..X.
  @Test func run_neighboursAreReportedTogether() throws {
    var memory = FaultyMemory()
    memory.stuckHigh = [0x2ff8: 1, 0x3000: 1 << 63, 0x6008: 2]
    #expect(try run(1, pages: 1...7, &memory) == [pages(2, 3), pages(6, 6)])
  }

  @Test func run_bitsThatStayClearNeedTheSecondPattern() throws {
    var memory = FaultyMemory()
    memory.stuckLow[0x7ff8] = 1 << 17
    #expect(try run(1, pages: 1...7, &memory) == [])
    #expect(try run(2, pages: 1...7, &memory) == [pages(7, 7)])
  }

  @Test func runPass_isTheSameAsThatPassOfARun() throws {
    var memory = FaultyMemory()
    memory.stuckLow[0x3000] = 1
    var bad: [PageRange] = []
    let range = try #require(pages(1, 7))
    #expect(MemoryTest.runPass(0, on: range, in: &memory) { bad.append($0) } == 0)
    #expect(MemoryTest.runPass(1, on: range, in: &memory) { bad.append($0) } == 1)
    #expect(bad == [pages(3, 3)])
  }

  @Test func patterns_areAllDifferentAndStartAgain() {
    let patterns = (0..<MemoryTest.patternCount).map { MemoryTest.pattern(ofPass: $0) }
    #expect(Set(patterns).count == 16)
    #expect(patterns[0] == 0 && patterns[1] == .max)
    #expect(MemoryTest.pattern(ofPass: 17) == .max)
  }
}
