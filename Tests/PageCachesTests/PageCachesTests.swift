// SPDX-License-Identifier: MIT
import Foundation
import PageAllocator
@testable import PageCaches
import PhysicalMemory
import TestSupport
import Testing

/// One behaviour each.
@Suite struct PageCachesTests {
  @Test func miss_takesHalfACacheAndOne() throws {
    // Whole words, as one that is free in part would be used up before the others.
    let machine = CachedMachine(pageCount: 1024, processorCount: 2)
    let first = try machine.allocate()
    #expect(machine.uncachedPageCount == 1024 - 33)
    // The lowest pages, in order.
    for offset in 1...32 { #expect(try machine.allocate() == first + offset) }
    #expect(machine.uncachedPageCount == 1024 - 33)
    _ = try machine.allocate()
    #expect(machine.uncachedPageCount == 1024 - 66)
  }

  @Test func free_isTheNextAllocation() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    let pages = try (0..<3).map { _ in try machine.allocate() }
    for page in pages { try machine.free(page, by: 1) }
    for page in pages.reversed() { #expect(try machine.allocate(by: 1) == page) }
  }

  @Test func fullCache_givesTheOldestHalfBack() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    let pages = try (0..<65).map { _ in try machine.allocate() }
    let before = machine.uncachedPageCount
    for page in pages.prefix(64) { try machine.free(page, by: 1) }
    #expect(machine.uncachedPageCount == before)
    try machine.free(pages[64], by: 1)
    #expect(machine.uncachedPageCount == before + 32)
    for page in pages[32...].reversed() { #expect(try machine.allocate(by: 1) == page) }
    #expect(machine.reports == [])
  }

  @Test func statistics_countWhatLiesInCaches() throws {
    let machine = CachedMachine(
      pageCount: 4096, processorCount: 4, limits: PageCacheLimits(largeBlockCount: 4))
    var pages: [Int] = []
    for processor in 0..<4 { pages.append(try machine.allocate(by: processor)) }
    let block = try machine.allocate(9)
    #expect(machine.freePageCount == 4096 - 4 - 512)
    try machine.free(block, 9, by: 3)
    for page in pages { try machine.free(page, by: 2) }
    #expect(machine.freePageCount == 4096)
    #expect(machine.uncachedPageCount == 4096)
  }

  /// All pages but one lie in the caches of others.
  @Test(arguments: [0, 9, 10]) func allocationThatWouldFail_findsWhatOthersCache(order: Int) throws
  {
    let limits = PageCacheLimits(largeBlockCount: 8)
    let machine = CachedMachine(pageCount: 1024 + 960, processorCount: 32, limits: limits)
    var pages: [Int] = []
    while let page = try? machine.allocate() { pages.append(page) }
    #expect(pages.count == 1984)
    for (index, page) in pages.enumerated() { try machine.free(page, by: 1 + index / 64) }
    #expect(machine.uncachedPageCount == 0)
    let block = try machine.allocate(order)
    #expect(block % (1 << order) == 0)
    try machine.free(block, order)
    #expect(machine.freePageCount == 1984)
    #expect(machine.reports == [])
  }

  @Test func runThatWouldFail_findsWhatIsCached() throws {
    let machine = CachedMachine(pageCount: 64, processorCount: 2)
    let pages = try (0..<64).map { _ in try machine.allocate() }
    for page in pages { try machine.free(page, by: 1) }
    let run = try machine.caches.allocate(pageCount: 64, by: ProcessorID(0))
    #expect(Int(run.start.number) == machine.firstPage)
    #expect(throws: PageAllocatorError.outOfRuns(pageCount: 1, alignment: 1)) {
      try machine.caches.allocate(pageCount: 1, by: ProcessorID(0))
    }
    try machine.caches.withPages { pages throws(PageAllocatorError) in try pages.free(run) }
    #expect(machine.freePageCount == 64)
  }

  @Test func limitedAllocation_findsWhatIsCached() throws {
    let machine = CachedMachine(pageCount: 64, processorCount: 2)
    let pages = try (0..<64).map { _ in try machine.allocate() }
    for page in pages { try machine.free(page, by: 1) }
    let limit = PageFrame(UInt64(machine.firstPage + 2))
    let page = try machine.caches.allocate(
      order: 1, on: nil, below: limit, by: ProcessorID(0))
    #expect(Int(page.number) == machine.firstPage)
    #expect(throws: PageAllocatorError.outOfPages(order: 0)) {
      try machine.caches.allocate(order: 0, on: nil, below: limit, by: ProcessorID(0))
    }
  }

  @Test(arguments: [0, 9]) func immediateDoubleFree_isRefused(order: Int) throws {
    let limits = PageCacheLimits(largeBlockCount: 8)
    let machine = CachedMachine(pageCount: 8192, processorCount: 1, limits: limits)
    let page = try machine.allocate(order)
    try machine.free(page, order)
    #expect(
      machine.error(freeing: page, order)
        == .notAllocated(PageFrame(UInt64(page)), order: order, .free))
    #expect(machine.freePageCount == 8192)
    #expect(machine.reports == [])
  }

  @Test func aPagePastAll_isRefused_whetherTheCacheIsEmptyOrNot() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 1)
    for _ in 0..<2 {
      for page in [machine.end, Int.max] {
        #expect(
          machine.error(freeing: page, 0)
            == .notAllocated(PageFrame(UInt64(page)), order: 0, .outsideNodes))
      }
      // That fills the cache.
      _ = try machine.allocate()
    }
    #expect(machine.reports == [])
    // The last one is a page; the page allocator has it.
    try machine.free(machine.end - 1)
    #expect(machine.reports == [])
  }

  /// The first large block is freed, which is the number of the page that was freed last.
  @Test func largeBlock_isNotTakenForThePageBelowItInTheCache() throws {
    let limits = PageCacheLimits(largeBlockCount: 8)
    let machine = CachedMachine(pageCount: 8192, processorCount: 1, limits: limits)
    let block = try machine.caches.allocate(order: 9, on: nil, by: ProcessorID(0))
    // The last place of single pages is below the first of large blocks.
    let words = unsafe UnsafeMutableRawPointer(machine.storage.baseAddress!)
      .assumingMemoryBound(to: UInt.self)
    unsafe words[119] = UInt(block.number)
    try machine.free(Int(block.number), 9)
    // It lies in the cache, which has not been given back.
    #expect(machine.uncachedPageCount == 8192 - 512)
    #expect(try machine.allocate(9) == Int(block.number))
  }

  @Test func doubleFree_isFoundWhenCachesAreDrained() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    let page = try machine.allocate()
    let other = try machine.allocate()
    try machine.free(page)
    try machine.free(other)
    try machine.free(page, by: 1)
    machine.caches.drain(by: ProcessorID(0))
    let number = String(page, radix: 16)
    #expect(
      machine.reports == ["page 0x\(number) was to be freed with order 0, but is free"])
    #expect(machine.freePageCount == 1000)
  }

  @Test func freeOfWhatWasNeverAllocated_isFoundAtTheDrain() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    let block = try machine.allocate(3)
    try machine.free(1)
    try machine.free(block)
    machine.caches.drain(by: ProcessorID(1))
    #expect(
      machine.reports == [
        "page 0x1 was to be freed with order 0, but has been reserved since boot",
        "page 0x\(String(block, radix: 16)) was to be freed with order 0, but was given out with order 3",
      ])
    #expect(machine.freePageCount == 1000 - 8)
  }

  /// Words of 32 bits hold the lower half of its number, which is that of a page in use.
  @Test func pageBeyondAllWords_isNotTakenForAnother() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 1)
    let page = try machine.allocate()
    let beyond = PageFrame(1 << 32 | UInt64(page))
    var error: PageAllocatorError?
    do throws(PageAllocatorError) {
      try machine.caches.free(beyond, by: ProcessorID(0))
    } catch let refusal {
      error = refusal
    }
    machine.caches.drain(by: ProcessorID(0))
    #expect(error == .notAllocated(beyond, order: 0, .outsideNodes))
    #expect(machine.freePageCount == 999)
  }

  @Test func cacheOfNoPages_examinesEachFree() throws {
    let machine = CachedMachine(
      pageCount: 1000, processorCount: 1, limits: PageCacheLimits(pageCount: 0))
    let page = try machine.allocate()
    #expect(machine.uncachedPageCount == 999)
    try machine.free(page)
    #expect(machine.uncachedPageCount == 1000)
    #expect(
      machine.error(freeing: page) == .notAllocated(PageFrame(UInt64(page)), order: 0, .free))
    #expect(
      machine.error(freeing: 1) == .notAllocated(PageFrame(1), order: 0, .reserved))
  }

  @Test func orders_thatAreNotCachedAreServedAtOnce() throws {
    let machine = CachedMachine(pageCount: 8192, processorCount: 1)
    for order in 0...10 where order != 0 {
      let block = try machine.allocate(order)
      #expect(machine.uncachedPageCount == 8192 - 1 << order)
      try machine.free(block, order)
      #expect(machine.uncachedPageCount == 8192)
    }
    #expect(machine.error(allocating: 11) == .orderOutOfRange(11))
    #expect(machine.error(allocating: -1) == .orderOutOfRange(-1))
    #expect(machine.error(freeing: 64, 11) == .orderOutOfRange(11))
    #expect(machine.error(freeing: 64, -1) == .orderOutOfRange(-1))
  }

  @Test func processorWithoutACache_isServed() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 1)
    for processor in [-1, 1, Int.max] {
      let page = try machine.allocate(by: processor)
      #expect(machine.uncachedPageCount == 999)
      try machine.free(page, by: processor)
      #expect(machine.uncachedPageCount == 1000)
    }
    #expect(
      machine.error(freeing: 1000, by: 7) == .notAllocated(PageFrame(1000), order: 0, .free))
  }

  /// An interrupt's handler that calls in the middle of a call leaves that one's cache alone.
  @Test func interruptedCall_keepsItsCache() throws {
    let machine = CachedMachine(pageCount: 300, processorCount: 2)
    let page = try machine.allocate()
    let words = unsafe UnsafeMutableRawPointer(machine.storage.baseAddress!)
      .assumingMemoryBound(to: UInt.self)
    let before = (0..<128).map { unsafe words[$0] }
    unsafe words[0] = 1
    let inner = try machine.allocate()
    try machine.free(inner)
    try machine.free(page)
    var all: [Int] = []
    while let page = try? machine.allocate() { all.append(page) }
    // Without the 32 of the cache.
    #expect(all.count == 268)
    for page in all { try machine.free(page) }
    unsafe words[0] = 0
    for index in 0..<128 where ![1, 4, 6].contains(index) {
      #expect(unsafe words[index] == before[index])
    }
    // What was wanted meanwhile is given back by the next call.
    #expect(unsafe words[1] == 1)
    _ = try machine.allocate()
    #expect(unsafe words[1] == 0)
    #expect(machine.uncachedPageCount == 299)
  }

  @Test func orders_areNotServedByLargeBlocks() throws {
    let limits = PageCacheLimits(largeBlockCount: 8)
    let machine = CachedMachine(pageCount: 8192, processorCount: 1, limits: limits)
    let block = try machine.allocate(9)
    try machine.free(block, 9)
    let before = machine.uncachedPageCount
    _ = try machine.allocate(3)
    #expect(machine.uncachedPageCount == before - 8)
    #expect(try machine.allocate(9) == block)
  }

  /// Half of an odd number, and half of 1.
  @Test func oddLimits_areHalvedDownForAMiss_upForAFullCache() throws {
    let machine = CachedMachine(
      pageCount: 1024, processorCount: 1, limits: PageCacheLimits(pageCount: 5))
    let pages = try (0..<6).map { _ in try machine.allocate() }
    #expect(machine.uncachedPageCount == 1024 - 6)
    for page in pages { try machine.free(page) }
    #expect(machine.uncachedPageCount == 1024 - 3)
    let one = CachedMachine(
      pageCount: 1024, processorCount: 1, limits: PageCacheLimits(pageCount: 1))
    let two = try [one.allocate(), one.allocate()]
    #expect(one.uncachedPageCount == 1024 - 2)
    for page in two { try one.free(page) }
    #expect(one.uncachedPageCount == 1024 - 1)
    #expect(try one.allocate() == two[1])
  }

  @Test func allocationThatWouldFail_findsALargeBlockAlone() throws {
    let limits = PageCacheLimits(largeBlockCount: 8)
    let machine = CachedMachine(pageCount: 960, processorCount: 2, limits: limits)
    let block = try machine.allocate(9)
    while (try? machine.allocate(0, by: 7)) != nil {}
    try machine.free(block, 9)
    #expect(machine.uncachedPageCount == 0)
    #expect(try machine.allocate(9, by: 1) == block)
  }

  /// It has come between the look into the cache and the lock.
  @Test func refill_ofACacheThatAnInterruptFilled_losesNoPage() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 1)
    _ = try machine.allocate()
    let (set, source) = (machine.caches.set, machine.caches.source)
    #expect(set.allocate(order: 0, by: 0, from: source) != nil)
    #expect(machine.freePageCount == 1000 - 2)
  }

  @Test func otherCalls_areThoseOfThePageAllocator() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 1)
    let (caches, processor) = (machine.caches, ProcessorID(0))
    let nowhere = NodeID(2)
    #expect(throws: PageAllocatorError.noSuchNode(nowhere)) {
      try caches.allocate(order: 0, on: nowhere, by: processor)
    }
    #expect(throws: PageAllocatorError.noSuchNode(nowhere)) {
      try caches.allocate(pageCount: 3, on: nowhere, by: processor)
    }
    let empty = NodeID(1)
    #expect(throws: PageAllocatorError.outOfPages(order: 0)) {
      try caches.allocate(order: 0, on: empty, policy: .only, by: processor)
    }
    #expect(throws: PageAllocatorError.outOfRuns(pageCount: 3, alignment: 1)) {
      try caches.allocate(pageCount: 3, on: empty, policy: .only, by: processor)
    }
    _ = try caches.allocate(order: 0, on: empty, by: processor)
    for _ in 0..<2 {
      let run = try caches.allocate(pageCount: 3, alignedTo: 64, by: processor)
      #expect(run.start.number % 64 == 0)
    }
    let limit = PageFrame(UInt64(machine.firstPage))
    #expect(throws: PageAllocatorError.outOfRuns(pageCount: 3, alignment: 1)) {
      try caches.allocate(pageCount: 3, below: limit, by: processor)
    }
  }

  /// It gave its pages back by itself when it saw that they are wanted.
  @Test func otherProcessorThatGaveItsPagesBack_isTriedAgain() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    var platform = PageCachesPlatform()
    unsafe platform.context = UnsafeMutableRawPointer(machine.storage.baseAddress!)
    unsafe platform.fenceOthers = { context in
      // That the second cache is wanted.
      unsafe context!.storeBytes(of: 0, toByteOffset: 129 * MemoryLayout<UInt>.size, as: UInt.self)
    }
    let caches = unsafe PageCaches(of: machine.pages, storage: machine.storage, platform: platform)
    #expect(caches.set.giveBackAll(by: 0, to: caches.source))
  }

  /// It is in the middle of a call, which ends.
  @Test func otherProcessorInItsCache_isWaitedFor() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    _ = try machine.allocate(by: 1)
    let words = unsafe UnsafeMutableRawPointer(machine.storage.baseAddress! + 1)
      .assumingMemoryBound(to: UInt.self)
    unsafe words[0] = 1
    let place = UInt(bitPattern: words)
    let thread = Thread {
      Thread.sleep(forTimeInterval: 0.05)
      unsafe UnsafeMutablePointer<UInt>(bitPattern: place)!.pointee = 0
    }
    thread.start()
    machine.caches.drain(by: ProcessorID(0))
    #expect(machine.uncachedPageCount == 999)
  }

  /// Another processor, which has interrupted a call and so could not wait, wants what lies in the cache.
  @Test func wantedCache_isGivenBackByTheNextFree() throws {
    let machine = CachedMachine(pageCount: 300, processorCount: 2)
    let page = try machine.allocate()
    let words = unsafe UnsafeMutableRawPointer(machine.storage.baseAddress!)
      .assumingMemoryBound(to: UInt.self)
    unsafe words[0] = 1
    machine.caches.drain(by: ProcessorID(0))
    unsafe words[0] = 0
    #expect(machine.uncachedPageCount == 300 - 33)
    try machine.free(page)
    #expect(machine.uncachedPageCount == 300)
    try machine.free(machine.allocate())
    #expect(machine.uncachedPageCount == 300 - 33)
  }

  @Test func limits_areCutToWhatThereIs() {
    let limits = PageCacheLimits(pageCount: 1000, largeBlockCount: -1)
    #expect(limits.pageCount == 104)
    #expect(limits.largeBlockCount == 0)
    #expect(PageCacheLimits(largeBlockCount: 9).largeBlockCount == 8)
    #expect(PageCacheLimits(pageCount: -1).pageCount == 0)
  }

  /// The example of the module's page.
  @Test func article_pagesOfTwoProcessors() throws {
    let machine = CachedMachine(pageCount: 1000, processorCount: 2)
    let pages = unsafe machine.pages
    let storage = unsafe machine.storage
    var platform = PageCachesPlatform()
    unsafe platform.lock = { _ in lockPages() }
    unsafe platform.unlock = { _ in unlockPages() }
    let caches = unsafe PageCaches(of: pages, storage: storage, platform: platform)
    let page = try caches.allocate(by: ProcessorID(0))
    try caches.free(page, by: ProcessorID(1))
    let statistics = try caches.statistics(of: NodeID(0), by: ProcessorID(0))
    #expect(statistics.freePageCount == 1000)
  }

  /// Any order of calls by any processors: no page twice, and none is lost.
  @Test(
    .namingSeed, arguments: [PageCacheLimits(), PageCacheLimits(pageCount: 5, largeBlockCount: 3)])
  func randomCalls_giveNoPageTwice(limits: PageCacheLimits) throws {
    let pageCount = 2048
    let machine = CachedMachine(pageCount: pageCount, processorCount: 5, limits: limits)
    var random = SplitMix(stream: UInt64(limits.pageCount))
    var held: [(page: Int, order: Int)] = []
    var isHeld = [Bool](repeating: false, count: pageCount + machine.firstPage)
    var heldCount = 0
    for step in 0..<100_000 {
      let processor = Int.random(in: 0..<6, using: &random)
      // Waves, so that memory is full now and then.
      let grows = (step / 4096) % 2 == 0
      if Int.random(in: 0..<10, using: &random) < (grows ? 7 : 3) {
        let order = Int.random(in: 0..<20, using: &random) == 0 ? 9 : 0
        guard let page = try? machine.allocate(order, by: processor) else { continue }
        for each in page..<page + 1 << order {
          try #require(!isHeld[each])
          isHeld[each] = true
        }
        held.append((page, order))
        heldCount += 1 << order
      } else if !held.isEmpty {
        held.swapAt(held.indices.randomElement(using: &random)!, held.count - 1)
        let (page, order) = held.removeLast()
        for each in page..<page + 1 << order { isHeld[each] = false }
        heldCount -= 1 << order
        try machine.free(page, order, by: processor)
      }
      if step % 1024 == 0 {
        try #require(machine.freePageCount == UInt64(pageCount - heldCount))
      }
    }
    #expect(machine.reports == [])
  }
}

/// Of the example: one thread.
private func lockPages() {}
private func unlockPages() {}
