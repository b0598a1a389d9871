// SPDX-License-Identifier: MIT
import PageAllocator
import PageAllocatorModels
import PhysicalMemory
import TestSupport
import Testing

/// One behaviour each.
@Suite struct PageAllocatorTests {
  @Test(arguments: 0...10)
  func block_isAlignedAndComesBack(order: Int) throws {
    var kept = try KeptPages([0..<8192])
    let before = kept.statistics()
    let page = try kept.allocate(order)
    #expect(page & ((1 << order) - 1) == 0)
    #expect(kept.statistics().pages == before.pages - 1 << order)
    try kept.free(page, order)
    #expect(kept.statistics() == before)
  }

  #if _pointerBitWidth(_64)
  // A word is 64 pages; page 0 has the tree.  The largest free block of each word decides:
  //
  //   word 1   64 … 67                      order 2      64 … 71        3      64, 66, 67      1
  //   word 2   128 … 135, and 138, 139      order 3
  //            or 130                                                          130             0
  @Test(arguments: [
    ([64..<68, 128..<136, 138..<140], 1, 64), ([64..<72, 74..<75], 0, 64),
    ([64..<72, 74..<75], 1, 64), ([64..<72, 74..<76], 1, 74),
    ([64..<65, 66..<68, 130..<131], 0, 130),
  ])
  func block_comesFromTheWordWhoseLargestIsSmallest(
    free: [Range<UInt64>], order: Int, expected: Int
  ) throws {
    var kept = try KeptPages(free: free)
    #expect(try kept.allocate(order) == expected)
  }

  @Test func run_takesTheFirstPagesOfSuchABlock() throws {
    var kept = try KeptPages(free: [64..<68, 128..<136, 138..<140])
    #expect(try kept.allocateRun(2) == 64..<66)
  }

  @Test func singlePages_comeFromOneWordUntilItIsUsedUp() throws {
    var kept = try KeptPages(free: [64..<192])
    let pages = try (0...64).map { _ in try kept.allocate(0) }
    #expect(pages == Array(64...128))
    try kept.free(70, 0)
    #expect(try kept.allocate(0) == 129)
  }

  @Test func blockOfWholeWords_isTheOneFreedLast_orElseTheLowest() throws {
    var kept = try KeptPages(free: [64..<256])
    for first in [64, 128, 192] { #expect(try kept.allocate(6) == first) }
    try kept.free(64, 6)
    try kept.free(192, 6)
    #expect(try kept.allocate(6) == 192)
    #expect(try kept.allocate(6) == 64)
  }
  #endif

  @Test(arguments: 0...10)
  func doubleFree_isRefused(order: Int) throws {
    var kept = try KeptPages([0..<8192])
    let page = try kept.allocate(order)
    try kept.free(page, order)
    let before = kept.statistics()
    for _ in 0..<2 {
      expect(kept.error(freeing: page, order), refusal(page, order, .free))
    }
    #expect(kept.statistics() == before)
  }

  /// A block that is freed is spare, for the next of its order; it is not joined with its other half for a
  /// larger one that lies ready elsewhere.
  @Test func freedBlock_isStillTheNextOfItsOrder_afterALargerOne() throws {
    var kept = try KeptPages([0..<8192])
    while (try? kept.allocate(9)) != nil {}
    // Apart from 16 MiB, where the allocator takes pages for itself, whatever size they have.
    for page in [3072, 3584, 2560, 2048] { try kept.free(page, 9) }
    #expect(try kept.allocate(10) == 3072)
    #expect(try kept.allocate(9) == 2048)
  }

  /// Also across words, and for the largest.
  @Test(arguments: 0...10)
  func otherOrder_isRefused(order: Int) throws {
    var kept = try KeptPages([0..<16384])
    // All memory in blocks of this order, so that what follows is allocated too.
    var blocks: [Int] = []
    while let page = try? kept.allocate(order) { blocks.append(page) }
    for page in [blocks[0], blocks[1], blocks[2], blocks[blocks.count - 1]] {
      for other in 0...10 where other != order {
        expect(kept.error(freeing: page, other), refusal(page, other, .block(order: order)))
      }
    }
    for page in blocks { try kept.free(page, order) }
  }

  @Test(arguments: 1...10)
  func pageInsideBlock_isRefused(order: Int) throws {
    var kept = try KeptPages([0..<8192])
    let page = try kept.allocate(order)
    for inside in page + 1..<page + 1 << order {
      for other in 0...10 {
        expect(kept.error(freeing: inside, other), refusal(inside, other, .insideBlock))
      }
    }
    try kept.free(page, order)
  }

  @Test func reservedPage_isRefusedUntilReleased() throws {
    var kept = try KeptPages([0..<4096], reserved: [1000..<1100])
    let before = kept.statistics().pages
    expect(kept.error(freeing: 1000, 0), refusal(1000, 0, .reserved))
    try kept.release(1000..<1100)
    #expect(kept.statistics().pages == before + 100)
    expect(kept.error(freeing: 1000, 0), refusal(1000, 0, .free))
  }

  @Test func releaseOfWhatIsNotReserved_namesThePage() throws {
    // Apart from 16 MiB, where the allocator takes pages for itself.
    var kept = try KeptPages([0..<4096], reserved: [2000..<2100])
    let before = kept.statistics().pages
    expect(
      kept.error(releasing: 2000..<2101), PageAllocatorError.notReleasable(PageFrame(2100), .free))
    expect(
      kept.error(releasing: 4096..<4097),
      PageAllocatorError.notReleasable(PageFrame(4096), .outsideNodes))
    #expect(kept.statistics().pages == before)
  }

  @Test func pageOutsideNodes_isRefused() throws {
    var kept = try KeptPages([64..<4096])
    for page in [0, 63, 4096, 1 << 40] {
      expect(kept.error(freeing: page, 0), refusal(page, 0, .outsideNodes))
    }
    // What a 32-bit machine would take for page 64.
    let page = try kept.allocate(0)
    expect(kept.error(freeing: page + 1 << 32, 0), refusal(page + 1 << 32, 0, .outsideNodes))
  }

  @Test func order_isCheckedFirst() throws {
    var kept = try KeptPages([0..<4096])
    for order in [-1, 11, Int.max, Int.min] {
      expect(kept.error(allocating: order), PageAllocatorError.orderOutOfRange(order))
      expect(kept.error(freeing: 1, order), PageAllocatorError.orderOutOfRange(order))
    }
  }

  @Test func node_fallsBackOnOthersOnlyIfPreferred() throws {
    var kept = try KeptPages([0..<256, 256..<1024])
    #expect(try kept.allocate(5, on: 1) >= 256)
    while (try? kept.allocate(0, on: 0, policy: .only)) != nil {}
    expect(kept.error(allocating: 0, on: 0, policy: .only), PageAllocatorError.outOfPages(order: 0))
    #expect(try kept.allocate(0, on: 0) >= 256)
    expect(kept.error(allocating: 0, on: 8), PageAllocatorError.noSuchNode(NodeID(8)))
  }

  @Test(arguments: 0...10)
  func limit_isKeptAndExhausted(order: Int) throws {
    var kept = try KeptPages([0..<20_000], reserved: [0..<100, 700..<733])
    let spans: [Range<UInt64>] = [0..<20_000]
    let map = kept.ownerMap(spans)
    let limit = 4096 + 77
    var count = 0
    while let page = try? kept.allocate(order, below: limit) {
      #expect(page + 1 << order <= limit)
      #expect(map.isFree(OwnerMap.Block(first: page, order: order)))
      count += 1
    }
    let size = 1 << order
    let expected = stride(from: 0, through: limit - size, by: size)
      .filter { map.isFree(OwnerMap.Block(first: $0, order: order)) }.count
    #expect(count == expected)
    #expect(try kept.allocate(order) + size > limit)
  }

  @Test func node_thatThereIsNot_isRefused() throws {
    var kept = try KeptPages([0..<256])
    for node in [-1, 8] {
      expect(kept.error(countingOn: node), .noSuchNode(NodeID(node)))
      #expect(kept.pages.span(of: NodeID(node)).isEmpty)
    }
  }

  @Test func allocate_nodeThatWasNeverRegistered_hasNoMemory() throws {
    var kept = try KeptPages([0..<300])
    expect(kept.error(allocating: 0, on: 5, policy: .only), .outOfPages(order: 0))
    expect(kept.error(allocating: 3, on: 5, policy: .only), .outOfPages(order: 3))
    #expect(try kept.allocate(3, on: 5) < 300)
    #expect(kept.statistics(5).pages == 0)
  }

  /// The page that single pages come from, and the block kept for the next, count as free.
  /// The other half lies ready for the next allocation of the order; it is free like any other block.
  @Test(arguments: 6...9)
  func otherHalf_isUsedBeforeALargerBlockIsDivided(order: Int) throws {
    var kept = try KeptPages([0..<8192])
    let before = kept.statistics()
    var blocks: [(page: Int, order: Int)] = []
    for order in (0...10).reversed() {
      while let page = try? kept.allocate(order) { blocks.append((page, order)) }
    }
    let large = blocks.removeFirst()
    #expect(large.order == 10)
    try kept.free(large.page, 10)
    let first = try kept.allocate(order)
    #expect(first == large.page)
    let other = large.page + 1 << order
    // Of all that remains, it is the smallest that fits.
    expect(kept.error(freeing: other, order), refusal(other, order, .free))
    let small = try kept.allocate(order - 1)
    #expect(small == other)
    #expect(kept.statistics().pages == 1024 - 1 << order - 1 << (order - 1))
    try kept.free(small, order - 1)
    try kept.free(first, order)
    for block in blocks { try kept.free(block.page, block.order) }
    #expect(kept.statistics() == before)
  }

  @Test func allPages_canBeAllocated() throws {
    var kept = try KeptPages([0..<5000], reserved: [13..<14, 4096..<4097])
    let count = Int(kept.statistics().pages)
    let large = try kept.allocate(9)
    try kept.free(large, 9)
    let single = try kept.allocate(0)
    try kept.free(single, 0)
    var pages: Set<Int> = []
    while let page = try? kept.allocate(0) { pages.insert(page) }
    #expect(pages.count == count)
  }

  /// Small blocks first take what is left of large ones.
  @Test(.namingSeed) func largeBlocks_stayWhole() throws {
    var kept = try KeptPages([0..<1 << 15])
    let before = kept.statistics().blocks[10]
    var random = SplitMix(stream: 7)
    for _ in 0..<1000 { _ = try kept.allocate(Int.random(in: 0...3, using: &random)) }
    let used = before - kept.statistics().blocks[10]
    // 1000 blocks of 3.75 pages fit four large ones.
    #expect(used <= 4)
  }
}
