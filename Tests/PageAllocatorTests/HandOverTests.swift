// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import PageAllocator
import PhysicalMemory
import Testing

/// Taking over from boot memory.
@Suite struct HandOverTests {
  @Test func keptMemory_isClosedToBootMemory() throws {
    let storage = NodeStorage(count: 1)
    let arena = Arena(byteCount: 64 << Int(PageFrame.byteCountShift))!
    let bitmap = Arena(byteCount: 4096)!
    var platform = BootMemoryPlatform()
    unsafe platform.directMapOffset = UInt(bitPattern: arena.start)
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    unsafe try memory.registerNode(
      NodeID(0), spanning: range(0..<64),
      bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start, count: 4096))
    try memory.free(range(1..<64))
    let nodes = PageNodeStorage(count: 1)
    var pages = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
    let page = try pages.allocate(order: 0)
    try pages.free(page, order: 0)
    let isHandedOver = memory.isHandedOver
    #expect(isHandedOver)
    do throws(BootMemoryError) {
      _ = try memory.allocate(.pages(byteCount: PageFrame.byteCount))
      Issue.record("boot memory allocates")
    } catch {
      #expect(error == .handedOver)
    }
    // A page for the tree, and page 0.
    #expect(try pages.statistics(of: NodeID(0)).freePageCount == 62)
  }

  @Test func secondHandOver_isRefused() throws {
    let storage = NodeStorage(count: 1)
    var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: storage.nodes)
    try memory.handOver(maximumOrder: 10) { _ in }
    let nodes = PageNodeStorage(count: 1)
    do throws(PageAllocatorError) {
      _ = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
      Issue.record("the pages were kept")
    } catch {
      #expect(error == .handedOver)
    }
  }

  @Test func fewerNodesThanBootMemory_areRefused() {
    do throws(PageAllocatorError) {
      _ = try KeptPages([0..<64], nodeCapacity: 7)
      Issue.record("the pages were kept")
    } catch {
      #expect(error == .tooFewNodes(count: 7, requiredCount: 8))
    }
  }

  @Test func noRoom_leavesBootMemoryAsItWas() throws {
    let storage = NodeStorage(count: 2)
    let bitmap = Arena(byteCount: 8192)!
    var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: storage.nodes)
    unsafe try memory.registerNode(
      NodeID(0), spanning: range(0x1000..<0x1040),
      bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start, count: 4096))
    unsafe try memory.registerNode(
      NodeID(1), spanning: range(0x2000..<0x2040),
      bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start + 4096, count: 4096))
    // One page for two trees.
    try memory.free(range(0x1003..<0x1004))
    let nodes = PageNodeStorage(count: 2)
    var error: PageAllocatorError?
    do throws(PageAllocatorError) {
      _ = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
    } catch let thrown {
      error = thrown
    }
    guard case .noRoom(let byteCount, NodeID(1)) = error else {
      Issue.record("\(error as Any)")
      return
    }
    #expect(byteCount > 0 && byteCount <= PageFrame.byteCount)
    let isHandedOver = memory.isHandedOver
    #expect(!isHandedOver)
    let freePageCount = memory.freePageCount(on: NodeID(0))
    #expect(freePageCount == 1)
    let address = try memory.allocate(
      AllocationRequest(
        byteCount: PageFrame.byteCount, alignment: PageFrame.byteCount, clearsMemory: false))
    #expect(address.pageFrame == PageFrame(0x1003))
  }

  @Test func metadata_isAtMostTwoPointTwoBitsAPage() throws {
    let pageCount: UInt64 = 1 << 24
    let before = BootMemory.bitmapByteCount(forPageCount: pageCount)
    var kept = try KeptPages([0..<pageCount])
    let own = pageCount - kept.statistics().pages
    #expect(Double((before + own << PageFrame.byteCountShift) * 8) / Double(pageCount) < 2.2)
  }

  /// Of 2 MiB of bitmap and as much beside it, for 64 GiB.
  @Test func handOver_touchesFewPages() throws {
    var kept = try KeptPages([0..<1 << 24])
    let atStart = kept.residentPageCount
    #expect(atStart < 24)
    let pages = [try kept.allocate(0), try kept.allocate(10), try kept.allocate(3)]
    #expect(kept.residentPageCount < atStart + 16)
    for (page, order) in zip(pages, [0, 10, 3]) { try kept.free(page, order) }
  }

  /// The levels of 16 TiB, and places far apart.
  @Test func hugeNode_isSearchedFromEndToEnd() throws {
    let end = Int((16 << 40) / PageFrame.byteCount)
    let middle = end / 2
    let goal = (16 << 20) / PageFrame.byteCount
    var other = try KeptPages([0..<UInt64(end)])
    let own = UInt64(end) - other.statistics().pages
    // Room for the tree, from the goal of 16 MiB on.
    var kept = try KeptPages(
      [0..<UInt64(end)], reserved: [0..<goal, goal + own..<UInt64(end - 1024)])
    #expect(kept.statistics().blocks[10] == 1)
    let page = try kept.allocate(10)
    #expect(page == end - 1024)
    expect(kept.error(allocating: 0), .outOfPages(order: 0))
    expect(kept.error(freeing: middle, 3), refusal(middle, 3, .reserved))
    try kept.release(UInt64(middle)..<UInt64(middle) + 1)
    #expect(try kept.allocate(0) == middle)
    try kept.free(middle, 0)
    try kept.free(page, 10)
    #expect(kept.statistics().pages == 1025)
  }

  @Test(arguments: [0, 64, 0x1040, 0xfc0, 0x4_0040, 0x103f] as [UInt64])
  func nodeThatBeginsAnywhere_keepsWhatIsFree(start: UInt64) throws {
    for count: UInt64 in [100, 1000, 5000, 70_000] {
      let span = start..<start + count
      let reserved = [70, 500, 4096, 4200].filter { $0 + 5 < count }
        .map { start + $0..<start + $0 + 5 }
      var kept = try KeptPages([span], reserved: reserved)
      let map = kept.ownerMap([span])
      #expect(kept.statistics() == map.statistics(ofNode: 0))
    }
  }
}

func expect(
  _ error: PageAllocatorError?, _ expected: PageAllocatorError,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(error == expected, sourceLocation: sourceLocation)
}

func refusal(_ page: Int, _ order: Int, _ finding: PageFinding) -> PageAllocatorError {
  .notAllocated(PageFrame(UInt64(page)), order: order, finding)
}
