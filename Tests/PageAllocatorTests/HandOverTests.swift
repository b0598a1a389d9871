// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import PageAllocator
import PageAllocatorModels
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

  @Test func ownPages_areNeverReleased() throws {
    let storage = NodeStorage(count: 2)
    let arena = Arena(byteCount: 256 << Int(PageFrame.byteCountShift))!
    var platform = BootMemoryPlatform()
    unsafe platform.directMapOffset = UInt(bitPattern: arena.start)
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    // The bitmap of node 1 lies in node 0.
    try memory.registerNode(NodeID(0), spanning: range(0..<128), bitmapAt: 10)
    try memory.registerNode(NodeID(1), spanning: range(128..<256), bitmapAt: 20)
    try memory.free(range(0..<8))
    try memory.free(range(128..<250))
    let nodes = PageNodeStorage(count: 2)
    var pages = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
    let trees = unsafe (nodes.nodes[0].treePages, nodes.nodes[1].treePages)
    let before = try pages.statistics(of: NodeID(0)).freePageCount
    func refusal(_ range: PageRange, _ page: PageFrame, _ finding: PageFinding) {
      var error: PageAllocatorError?
      do throws(PageAllocatorError) { try pages.release(range) } catch let thrown { error = thrown }
      expect(error, .notReleasable(page, finding))
    }
    refusal(range(8..<30), 10, .bitmap(NodeID(0)))
    refusal(range(15..<30), 20, .bitmap(NodeID(1)))
    refusal(trees.0, trees.0.start, .tree(NodeID(0)))
    refusal(trees.1, trees.1.start, .tree(NodeID(1)))
    // What is wrong in front of it comes first.
    refusal(range(7..<30), 7, .free)
    #expect(try pages.statistics(of: NodeID(0)).freePageCount == before)
    var error: PageAllocatorError?
    do throws(PageAllocatorError) { try pages.free(10, order: 0) } catch let thrown {
      error = thrown
    }
    expect(error, .notAllocated(10, order: 0, .bitmap(NodeID(0))))
    // Boot memory does not have the pages any more.
    do throws(BootMemoryError) {
      try memory.releaseLate(AddressRange(range(30..<40))!) { _ in Issue.record("released") }
      Issue.record("boot memory releases")
    } catch {
      #expect(error == .handedOver)
    }
    try pages.release(range(30..<40))
    #expect(try pages.statistics(of: NodeID(0)).freePageCount == before + 10)
  }

  @Test(arguments: [false, true]) func noPages_areRefused(hasEmptyNode: Bool) throws {
    let storage = NodeStorage(count: 1)
    let bitmap = Arena(byteCount: 4096)!
    var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: storage.nodes)
    if hasEmptyNode {
      unsafe try memory.registerNode(
        NodeID(0), spanning: range(5..<5),
        bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start, count: 4096))
    }
    let nodes = PageNodeStorage(count: 1)
    do throws(PageAllocatorError) {
      _ = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
      Issue.record("the pages were kept")
    } catch {
      #expect(error == .noPages)
    }
    let isHandedOver = memory.isHandedOver
    #expect(!isHandedOver)
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

  /// The platform leaves it to the kernel to keep them, and this one does not.
  @Test func bitmapThatWasFreed_isKept() throws {
    let (storage, nodes) = (NodeStorage(count: 1), PageNodeStorage(count: 1))
    let arena = Arena(byteCount: 256 << Int(PageFrame.byteCountShift))!
    var platform = BootMemoryPlatform()
    unsafe platform.directMapOffset = UInt(bitPattern: arena.start)
    platform.keepsBitmapsReserved = false
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    _ = try memory.registerNode(NodeID(0), spanning: range(0..<256), bitmapAt: PageFrame(3))
    try memory.free(range(0..<256))
    var pages = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
    var found: [UInt64] = []
    while let page = try? pages.allocate(order: 0) { found.append(page.number) }
    #expect(found.count > 250 && !found.contains(3))
  }

  /// The lowest page that is free has the nil pointer.
  @Test func treeThatWouldLieAtTheNilPointer_liesElsewhere() throws {
    let (storage, nodes) = (NodeStorage(count: 2), PageNodeStorage(count: 2))
    // Eight pages, and what lies in front of them where the arena begins inside one.
    let arena = Arena(byteCount: 9 << Int(PageFrame.byteCountShift))!
    // Where memory is looked for first.
    let atNil = UInt(16 << 20)
    var platform = BootMemoryPlatform()
    platform.directMapOffset = 0 &- atNil
    platform.keepsBitmapsReserved = false
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    let lowest = UInt64(atNil) / PageFrame.byteCount
    let start = unsafe PageFrame.pageCount(
      holdingByteCount: UInt64(UInt(bitPattern: arena.start) + atNil))
    _ = try memory.registerNode(
      NodeID(0), spanning: range(lowest..<lowest + 8), bitmapAt: PageFrame(start))
    _ = try memory.registerNode(
      NodeID(1), spanning: range(start..<start + 8), bitmapAt: PageFrame(start + 1))
    try memory.free(range(lowest..<lowest + 1))
    try memory.free(range(start + 2..<start + 8))
    var pages = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
    let trees = unsafe (nodes.nodes[0].treePages, nodes.nodes[1].treePages)
    #expect(trees.0 == range(start + 2..<start + 3))
    #expect(trees.1 == range(start + 3..<start + 4))
    #expect(try pages.allocate(order: 0, on: NodeID(0)) == PageFrame(lowest))
    #expect(try pages.statistics(of: NodeID(1)).freePageCount == 4)
  }

  /// The only free page has the nil pointer.
  @Test func treeAtTheNilPointer_isNoRoom_andThePageStaysFree() throws {
    let (storage, nodes) = (NodeStorage(count: 1), PageNodeStorage(count: 1))
    let bitmap = Arena(byteCount: 4096)!
    var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: storage.nodes)
    unsafe try memory.registerNode(
      NodeID(0), spanning: range(0..<64),
      bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start, count: 4096))
    try memory.free(range(0..<1))
    var error: PageAllocatorError?
    do throws(PageAllocatorError) {
      _ = unsafe try PageAllocator(takingOver: &memory, nodes: nodes.nodes)
    } catch let thrown {
      error = thrown
    }
    guard case .noRoom(_, NodeID(0)) = error else {
      Issue.record("\(error as Any)")
      return
    }
    let freePageCount = memory.freePageCount()
    #expect(freePageCount == 1)
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
    #if os(Linux)
    #expect(atStart > 0)
    #endif
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

  /// The boot bitmap begins a word behind the tree, so what is last in one of its groups, of any level, is
  /// in the next one of the tree.
  @Test func memoryNotExaminedYet_isLookedAtBeforeALargerBlockIsDivided() throws {
    // The tree has page 4105, above the memory that old devices need.
    var kept = try KeptPages(
      [0..<12_288], reserved: [32..<4105, 4106..<4200, 4201..<12_288])
    #expect(try kept.allocate(0) == 4200)
    #expect(try kept.allocate(0) == 0)
  }

  @Test func nodeThatBeginsInsideAGroup_keepsThePageInFrontOfEveryBorder() throws {
    let width = UInt64(UInt.bitWidth)
    let borders = [2, 3, 4, 5].map { shift in (0..<shift).reduce(1) { size, _ in size * width } }
      .filter { $0 <= (16 << 40) / PageFrame.byteCount }  // what a host has addresses for, twice
    let span = width..<width + borders.last! + 100
    var other = try KeptPages([span])
    let own = UInt64(span.count) - other.statistics().pages
    let goal = max((16 << 20) / PageFrame.byteCount, width)
    let pages = borders.map { width + $0 - 1 }.filter { !(goal..<goal + own).contains($0) }
    var reserved: [Range<UInt64>] = []
    var start = width
    for free in (pages.map { $0..<$0 + 1 } + [goal..<goal + own]).sorted(by: {
      $0.lowerBound < $1.lowerBound
    }) {
      reserved.append(start..<free.lowerBound)
      start = free.upperBound
    }
    reserved.append(start..<span.upperBound)
    var kept = try KeptPages([span], reserved: reserved.filter { !$0.isEmpty })
    for page in pages { #expect(try kept.allocate(0) == Int(page)) }
    expect(kept.error(allocating: 0), .outOfPages(order: 0))
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
