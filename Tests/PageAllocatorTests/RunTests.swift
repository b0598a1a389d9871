// SPDX-License-Identifier: MIT
import PageAllocator
import PageAllocatorModels
import PhysicalMemory
import Testing

/// Runs of any number of pages.
@Suite struct RunTests {
  static let counts = [1, 2, 3, 5, 31, 33, 63, 64, 65, 100, 127, 129, 600, 1025, 5000, 16384]

  @Test(arguments: counts)
  func run_hasExactlyItsPages_andComesBack(count: Int) throws {
    var kept = try KeptPages([0..<40_000])
    let before = kept.statistics()
    let run = try kept.allocateRun(count)
    #expect(run.count == count)
    #expect(kept.statistics().pages == before.pages - UInt64(count))
    try kept.freeRun(run)
    #expect(kept.statistics() == before)
    expect(
      kept.error(freeingRun: run), PageAllocatorError.runNotAllocated(PageRange(run), .free))
  }

  @Test(arguments: counts)
  func run_thatIsNotTheWholeOne_isRefused(count: Int) throws {
    var kept = try KeptPages([0..<60_000])
    let run = try kept.allocateRun(count)
    let next = try kept.allocateRun(count)
    let before = kept.statistics()
    let isBlock = count.nonzeroBitCount == 1 && count <= 1024
    let whole: PageFinding =
      isBlock ? .block(order: count.trailingZeroBitCount) : .run(pageCount: UInt64(count))
    for others in [-64, -1, 1, 64, 4096, next.upperBound - run.upperBound] {
      guard count + others > 0, run.lowerBound + count + others < 60_000 else { continue }
      let wrong = run.lowerBound..<run.upperBound + others
      expect(
        kept.error(freeingRun: wrong),
        PageAllocatorError.runNotAllocated(PageRange(wrong), whole))
    }
    if count > 1 {
      let rest = run.lowerBound + 1..<run.upperBound
      expect(
        kept.error(freeingRun: rest),
        PageAllocatorError.runNotAllocated(PageRange(rest), .insideBlock))
    }
    for order in 0...10 where !isBlock || order != count.trailingZeroBitCount {
      expect(kept.error(freeing: run.lowerBound, order), refusal(run.lowerBound, order, whole))
    }
    #expect(kept.statistics() == before)
    try kept.freeRun(run)
    try kept.freeRun(next)
  }

  /// From the last page of a word on, across two words, and across two groups.
  @Test(arguments: [63..<65, 63..<64, 60..<132, 62..<127, 4090..<4101, 4095..<8300, 31..<33])
  func run_isFound_whereverItBegins(hole: Range<Int>) throws {
    let start = 0x2000
    let hole = start + hole.lowerBound..<start + hole.upperBound
    // What the allocator needs for itself lies elsewhere.
    let reserved = [
      UInt64(start)..<UInt64(hole.lowerBound), UInt64(hole.upperBound)..<UInt64(start + 12288),
    ]
    var kept = try KeptPages([0..<UInt64(start + 12288)], reserved: reserved)
    while (try? kept.allocate(0, below: start)) != nil {}
    #expect(try kept.allocateRun(hole.count) == hole)
    if hole.count > 1 {
      expect(
        kept.error(freeing: hole.lowerBound, 0),
        refusal(hole.lowerBound, 0, .run(pageCount: UInt64(hole.count))))
    }
    try kept.freeRun(hole)
    expect(
      kept.error(allocatingRun: hole.count + 1),
      PageAllocatorError.outOfRuns(pageCount: UInt64(hole.count) + 1, alignment: 1))
    #expect(kept.statistics().pages == UInt64(hole.count))
  }

  @Test func tail_isFreeAtOnce() throws {
    var kept = try KeptPages([0..<4096], reserved: [0..<2048, 3072..<4096])
    let before = kept.statistics()
    let run = try kept.allocateRun(520)
    let rest = try kept.allocateRun(Int(before.pages) - 520)
    #expect(kept.statistics().pages == 0)
    try kept.freeRun(rest)
    try kept.freeRun(run)
    #expect(kept.statistics() == before)
  }

  @Test(arguments: 0...14)
  func alignment_isKept(shift: Int) throws {
    var kept = try KeptPages([0x1040..<0x1_1040])
    for count in [1, 3, 64, 70] {
      let run = try kept.allocateRun(count, alignedTo: 1 << shift)
      #expect(run.lowerBound & (1 << shift - 1) == 0 && run.count == count)
    }
  }

  @Test func largeRun_isTakenAndGivenBack() throws {
    var kept = try KeptPages([0..<65_536])
    let before = kept.statistics()
    #expect(try Self.takeAndGiveBack(in: &kept.pages).pageCount == 16_384)
    #expect(kept.statistics() == before)
  }

  /// What the article of the module shows.
  private static func takeAndGiveBack(
    in pages: inout PageAllocator
  ) throws(PageAllocatorError) -> PageRange {
    let run = try pages.allocate(pageCount: 16_384, alignedTo: 512)
    try pages.free(run)
    return run
  }

  @Test func largeRuns_adjoin() throws {
    // 64 MiB three times, and not a fourth time.
    var kept = try KeptPages([0..<65_536 + 4096], reserved: [0..<4000, 69_000..<69_632])
    for _ in 0..<3 { #expect(try kept.allocateRun(16_384, alignedTo: 4096).count == 16_384) }
    expect(
      kept.error(allocatingRun: 16_384, alignedTo: 4096),
      PageAllocatorError.outOfRuns(pageCount: 16_384, alignment: 4096))
  }

  @Test func runs_thatAreNone_areRefused() throws {
    var kept = try KeptPages([0..<4096])
    for (count, alignment) in [(0, 1), (1, 0), (5, 3), (5, 24)] {
      expect(
        kept.error(allocatingRun: count, alignedTo: alignment),
        PageAllocatorError.notARun(pageCount: UInt64(count), alignment: UInt64(alignment)))
    }
    expect(
      kept.error(allocatingRun: .max, alignedTo: 1 << 62),
      PageAllocatorError.outOfRuns(pageCount: UInt64(Int.max), alignment: 1 << 62))
    let run = try kept.allocateRun(3)
    expect(kept.error(resizing: run, to: 0), PageAllocatorError.notARun(pageCount: 0, alignment: 1))
    for run in [0..<0, 5000..<5000] {
      expect(kept.error(freeingRun: run), PageAllocatorError.notARun(pageCount: 0, alignment: 1))
      expect(
        kept.error(resizing: run, to: 1), PageAllocatorError.notARun(pageCount: 0, alignment: 1))
    }
    expect(
      kept.error(freeingRun: 4090..<4100),
      PageAllocatorError.runNotAllocated(PageRange(4090..<4100), .free))
    expect(
      kept.error(freeingRun: 5000..<5001),
      PageAllocatorError.runNotAllocated(PageRange(5000..<5001), .outsideNodes))
  }

  /// A run above the largest order is none, though it could be one by its size and place.
  @Test(arguments: [(1024, PageFinding.block(order: 10)), (2048, .run(pageCount: 2048))])
  func run_thatCouldBeABlock_isCalledOne(count: Int, finding: PageFinding) throws {
    var kept = try KeptPages([0..<8192])
    let run = try kept.allocateRun(count, alignedTo: count)
    expect(kept.error(freeing: run.lowerBound, 0), refusal(run.lowerBound, 0, finding))
  }

  @Test func run_onANode_fallsBackOnlyIfPreferred() throws {
    var kept = try KeptPages([0..<256, 256..<1024])
    #expect(try kept.allocateRun(100, on: 0, policy: .only).upperBound <= 256)
    #expect(try kept.allocateRun(200, on: 0).lowerBound >= 256)
    #expect(try kept.allocateRun(300, below: 1024).lowerBound >= 256)
    #expect((try? kept.allocateRun(200, on: 0, policy: .only)) == nil)
  }

  /// Only a run that becomes longer has to end by the limit, and it stays in its node.
  @Test func resizing_looksAtTheLimitAndTheNode_onlyToGrow() throws {
    var kept = try KeptPages([0..<256, 256..<1024])
    let run = try kept.allocateRun(10, below: 256)
    #expect(try kept.resizeRun(run, to: 10, below: 0) == run)
    #expect(try kept.resizeRun(run, to: 9, below: 0).upperBound == run.upperBound - 1)
    #expect((try? kept.resizeRun(run.dropLast(), to: 10, below: run.upperBound - 1)) == nil)
    #expect(try kept.resizeRun(run.dropLast(), to: 10, below: run.upperBound) == run)
    // All behind it is free, and its node ends at 256.
    let first = PageFrame(UInt64(run.lowerBound))
    expect(
      kept.error(resizing: run, to: 257 - run.lowerBound),
      PageAllocatorError.cannotGrow(first, pageCount: UInt64(257 - run.lowerBound)))
    #expect(try kept.resizeRun(run, to: 256 - run.lowerBound).upperBound == 256)
  }

  @Test func resizing_takesAndGivesThePagesBehind() throws {
    var kept = try KeptPages([0..<8192])
    let before = kept.statistics()
    var run = try kept.allocateRun(300)
    for count in [70, 70, 1, 64, 65, 2000, 1999, 3] {
      run = try kept.resizeRun(run, to: count)
      #expect(run.count == count)
      #expect(kept.statistics().pages == before.pages - UInt64(count))
    }
    let behind = try kept.allocateRun(1, below: run.upperBound + 2)
    if behind.lowerBound == run.upperBound {
      expect(
        kept.error(resizing: run, to: 4),
        PageAllocatorError.cannotGrow(PageFrame(UInt64(run.lowerBound)), pageCount: 4))
    }
    try kept.freeRun(behind)
    try kept.freeRun(run)
    #expect(kept.statistics() == before)
  }

  /// What is looked at is no longer looked at by an allocation, and nothing else changes.
  @Test func preparing_changesNothingThatShows() throws {
    let spans: [Range<UInt64>] = [0..<20_000, 20_100..<60_000]
    var kept = try KeptPages(spans, reserved: [100..<101, 30_000..<30_100])
    var other = try KeptPages(spans, reserved: [100..<101, 30_000..<30_100])
    kept.pages.prepare()
    for node in 0...1 { #expect(kept.statistics(node) == other.statistics(node)) }
    for order in [0, 3, 10, 6] { #expect(try kept.allocate(order) == other.allocate(order)) }
  }
}
