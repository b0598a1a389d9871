// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryModels
import BootMemoryTrace
import TraceReplay
import PhysicalMemory
import Testing

/// The hand-over gives every page away once, and the bitmaps' pages last.
@Suite struct HandOverTests {
  /// Boot memory over an arena that stands for all physical memory from address 0.
  private func withArenaMemory(
    pageCount: UInt64, _ body: (inout BootMemory, Arena) throws -> Void
  ) throws {
    let arena = try #require(Arena(byteCount: Int(pageCount << pageShift)))
    let storage = NodeStorage(count: 4)
    var platform = BootMemoryPlatform()
    platform.directMapOffset = unsafe UInt(bitPattern: arena.start)
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    try body(&memory, arena)
    // The closure's memory refers to both without owning them.
    withExtendedLifetime((arena, storage)) {}
  }

  //             3 4   8       10
  // map      ###_|____|________|________________ ...
  // blocks      0  2      3            4         ...    by order
  @Test func blocks_areMaximalAndNaturallyAligned() throws {
    var fixed = FixedMemory(0..<0x2000)
    try fixed.freePages(3..<0x1805)
    var blocks: [[UInt64]] = []
    try fixed.memory.handOver(maximumOrder: 10) { block in
      blocks.append([block.first.number, UInt64(block.order)])
    }
    #expect(
      blocks == [
        [3, 0], [4, 2], [8, 3], [0x10, 4], [0x20, 5], [0x40, 6], [0x80, 7], [0x100, 8], [0x200, 9],
        [0x400, 10], [0x800, 10], [0xc00, 10], [0x1000, 10], [0x1400, 10], [0x1800, 2],
        [0x1804, 0],
      ])
  }

  // map      ________________    all free
  // order 0  |_|_|_|_|_|_|_|_|
  // order 3  |________|________|
  @Test func maximumOrder_boundsBlocks() throws {
    for order in [0, 3] {
      var fixed = FixedMemory(0..<0x40)
      try fixed.freePages(0..<0x40)
      var count = 0
      try fixed.memory.handOver(maximumOrder: order) { block in
        #expect(block.order == order)
        count += 1
      }
      #expect(count == 0x40 >> order)
    }
    var fixed = FixedMemory(0..<0x40)
    #expect(throws: BootMemoryError.misuse(.orderOutOfRange(-1))) {
      try fixed.memory.handOver(maximumOrder: -1) { _ in }
    }
    #expect(throws: BootMemoryError.misuse(.orderOutOfRange(PageFrame.numberBitCount))) {
      try fixed.memory.handOver(maximumOrder: PageFrame.numberBitCount) { _ in }
    }
  }

  /// D21, D22: two bitmaps lie in pages that are marked free, one of them in the other node.
  @Test func D21_D22_bitmapPages_areReleasedOnceAndLast() throws {
    try withArenaMemory(pageCount: 0x400) { memory, _ in
      try memory.registerNode(NodeID(0), spanning: pages(0x10..<0x200), bitmapAt: PageFrame(0x20))
      try memory.registerNode(NodeID(1), spanning: pages(0x200..<0x400), bitmapAt: PageFrame(0x30))
      try memory.free(bytes(0x10 << pageShift, 0x3f0 << pageShift))
      var released: [(node: Int, page: UInt64)] = []
      let count = try memory.handOver(maximumOrder: 10) { block in
        for page in block.first.number..<block.first.number + block.pageCount {
          released.append((block.node.rawValue, page))
        }
      }
      #expect(count == 0x3f0)
      #expect(Set(released.map(\.page)) == Set(0x10..<0x400))
      #expect(released.count == 0x3f0)
      let first = released.filter { $0.node == 0 }
      #expect(first.last?.page == 0x20)
      #expect(released.last?.page == 0x30)
      #expect(released.last?.node == 1)
    }
  }

  //            2 3 4 5
  // range      .[~~~~~].
  // Expect       3 4
  @Test func releaseLate_roundsInwards() throws {
    var fixed = FixedMemory(0..<0x10)
    #expect(throws: BootMemoryError.misuse(.notHandedOver)) {
      try fixed.memory.releaseLate(bytes(pageByteCount, pageByteCount)) { _ in }
    }
    try fixed.memory.handOver(maximumOrder: 10) { _ in }
    var released: [UInt64] = []
    let count = try fixed.memory.releaseLate(bytes(pageByteCount * 5 / 2, 3 * pageByteCount)) {
      block in
      #expect(block.order == 0)
      released.append(block.first.number)
    }
    #expect(released == [3, 4])
    #expect(count == 2)
  }

  // The first page of the range lies in the second node, the others in no node.
  @Test func releaseLate_namesTheNodeOfEachPage() throws {
    var fixed = FixedMemory("####|####....")
    try fixed.memory.handOver(maximumOrder: 10) { _ in }
    var released: [[UInt64]] = []
    let count = try fixed.memory.releaseLate(bytes(7 * pageByteCount, 4 * pageByteCount - 1)) {
      block in
      released.append([block.first.number, UInt64(block.node.rawValue), UInt64(block.order)])
    }
    #expect(released == [[7, 1, 0], [8, 0, 0], [9, 0, 0]])
    #expect(count == 3)
    #expect(
      try fixed.memory.releaseLate(bytes(7 * pageByteCount + 1, pageByteCount - 1)) { _ in
        Issue.record()
      } == 0)
  }

  @Test(arguments: [AddressWidth.bits32, .bits64])
  func releaseLate_endsAtTheTop(width: AddressWidth) throws {
    var platform = BootMemoryPlatform()
    platform.addressWidth = width
    let end = width.endPageFrame.number
    var fixed = FixedMemory(end - 4..<end, platform: platform)
    try fixed.memory.handOver(maximumOrder: 10) { _ in }
    var released: [UInt64] = []
    let count = try fixed.memory.releaseLate(
      bytes(((end - 2) << pageShift) - 1, 2 * pageByteCount + 1)
    ) {
      released.append($0.first.number)
    }
    #expect(released == [end - 2, end - 1])
    #expect(count == 2)
    guard width == .bits32 else { return }
    #expect(
      throws: BootMemoryError.misuse(.beyondAddressSpace(PhysicalAddress((end - 1) << pageShift)))
    ) {
      try fixed.memory.releaseLate(bytes((end - 1) << pageShift, pageByteCount + 1)) { _ in
        Issue.record()
      }
    }
  }

  // memory   ffffffffffffffff
  // Expect   ffff00000000ffff    zeros from the first byte to the last, and nothing else
  @Test func allocatedMemory_isClearedExactly() throws {
    try withArenaMemory(pageCount: 0x400) { memory, arena in
      unsafe arena.start.initializeMemory(
        as: UInt8.self, repeating: 0xff, count: 0x400 << Int(pageShift))
      try memory.registerNode(NodeID(0), spanning: pages(0x10..<0x400), bitmapAt: PageFrame(1))
      try memory.free(bytes(0x10 << pageShift, 0x3f0 << pageShift))
      for byteCount: UInt64 in [
        1, 63, pageByteCount, pageByteCount + 1, 18 * pageByteCount + 0x345,
      ] {
        let address = try memory.allocate(
          AllocationRequest(byteCount: byteCount, goal: .none)
        ).rawValue
        let bytes = unsafe arena.start + Int(address)
        for offset in 0..<Int(byteCount) {
          #expect(unsafe bytes.load(fromByteOffset: offset, as: UInt8.self) == 0)
        }
        #expect(unsafe bytes.load(fromByteOffset: Int(byteCount), as: UInt8.self) == 0xff)
      }
      let kept = try memory.allocate(
        AllocationRequest(byteCount: pageByteCount, goal: .none, clearsMemory: false))
      #expect(unsafe arena.start.load(fromByteOffset: Int(kept.rawValue), as: UInt8.self) == 0xff)
    }
  }

  //                    20  21
  // bitmap of node 0   |   |
  // bitmap of node 1       |   |     adjoins it
  @Test func bitmaps_mayAdjoinButNotOverlap() throws {
    try withArenaMemory(pageCount: 0x40) { memory, _ in
      try memory.registerNode(NodeID(0), spanning: pages(0x10..<0x20), bitmapAt: PageFrame(0x20))
      #expect(
        throws: BootMemoryError.misuse(.bitmapOverlaps(pages(0x20..<0x21), NodeID(0)))
      ) {
        try memory.registerNode(NodeID(1), spanning: pages(0x20..<0x30), bitmapAt: PageFrame(0x20))
      }
      #expect(memory.node(NodeID(1))?.isRegistered == false)
      try memory.registerNode(NodeID(1), spanning: pages(0x20..<0x30), bitmapAt: PageFrame(0x21))
      try memory.registerNode(NodeID(2), spanning: pages(0..<0x10), bitmapAt: PageFrame(0x1f))
      #expect(memory.node(NodeID(1))?.isRegistered == true)
      #expect(memory.node(NodeID(2))?.isRegistered == true)
    }
  }

  //          0       10
  // map      0.......########    0: the node's bitmap
  @Test func bitmap_mayLieAtPage0() throws {
    try withArenaMemory(pageCount: 0x40) { memory, _ in
      try memory.registerNode(NodeID(0), spanning: pages(0..<0x40), bitmapAt: PageFrame(0))
      // Its page stays reserved, whatever is freed.
      try memory.free(pages(0..<0x40))
      #expect(memory.nextFreeRun(on: NodeID(0)) == pages(1..<0x40))
      #expect(try memory.handOver(maximumOrder: 10) { _ in } == 0x40)
    }
  }

  //              v top
  // bitmap   |   |
  @Test func bitmap_mayLieAtTheTopOfTheAddressSpace() throws {
    let arena = try #require(Arena(byteCount: Int(PageFrame.byteCount)))
    let storage = NodeStorage(count: 1)
    let last = PageFrame(PageFrame.end.number - 1)
    let address = try #require(last.firstAddress)
    var platform = BootMemoryPlatform()
    platform.directMapOffset = unsafe UInt(bitPattern: arena.start) &- UInt(address.rawValue)
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    try memory.registerNode(NodeID(0), spanning: pages(0x10..<0x20), bitmapAt: last)
    try memory.free(pages(0x10..<0x20))
    #expect(memory.freePageCount() == 0x10)
    var released: [PageFrame] = []
    try memory.handOver(maximumOrder: 10) { released.append($0.first) }
    #expect(released == [PageFrame(0x10), last])
    withExtendedLifetime((arena, storage)) {}
  }

  @Test(arguments: [1, 63, 64, 65, 4096, 1 << 20, 1 << 28, 1 << 32] as [UInt64])
  func bitmapSize_isAtMost8PercentAnd2PagesAboveFlat(pageCount: UInt64) {
    let flat = (pageCount + 63) / 64 * 8
    let byteCount = BootMemory.bitmapByteCount(forPageCount: pageCount)
    #expect(byteCount >= flat)
    #expect(byteCount <= flat + flat * 8 / 100 + 8192)
  }

  /// A word begins at a multiple of its width: a node that begins just in front of one takes a word
  /// more.  What is written behind the bitmap the guards see.
  @Test func bitmap_isLargeEnoughWhereverTheNodeBegins() throws {
    for start: UInt64 in 0..<66 {
      for pageCount: UInt64 in [1, 2, 31, 32, 33, 63, 64, 65, 66, 1023, 1024, 4095, 4096, 4097] {
        var fixed = FixedMemory(start..<start + pageCount)
        try fixed.freePages(start..<start + pageCount)
        try fixed.reservePages(start + pageCount - 1..<start + pageCount)
        #expect(
          fixed.freeRanges() == (pageCount == 1 ? [] : [start..<start + pageCount - 1]))
      }
    }
  }
}
