// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryModels
import BootMemoryTrace
import TraceReplay
import PhysicalMemory
import Testing

/// A bitmap that lies in a node's own memory stays reserved, whatever is freed.
@Suite struct BitmapPagesTests {
  /// 16 MiB of memory that is there, so that bitmaps can lie in it.
  private struct Machine: ~Copyable {
    var memory: BootMemory
    private let arena: Arena
    private let storage: NodeStorage

    init(keepsBitmapsReserved: Bool = true) {
      let arena = Arena(byteCount: 0x1000 << Int(pageShift))!
      let storage = NodeStorage(count: 4)
      var platform = BootMemoryPlatform()
      platform.directMapOffset = unsafe UInt(bitPattern: arena.start)
      platform.keepsBitmapsReserved = keepsBitmapsReserved
      self.arena = arena
      self.storage = storage
      memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    }

    /// Registers a node with its bitmap at a page, and says which pages that takes.
    mutating func register(
      _ id: Int, _ span: Range<UInt64>, bitmapAt page: UInt64
    ) throws -> Range<UInt64> {
      let byteCount = try memory.registerNode(
        NodeID(id), spanning: pages(span), bitmapAt: PageFrame(page))
      return page..<page + PageFrame.pageCount(holdingByteCount: byteCount)
    }

    func reservedPages(of span: Range<UInt64>) -> [UInt64] {
      span.filter { memory.isReserved(PageFrame($0)) == true }
    }
  }

  /// ```
  ///  0        100  101                 1000
  ///  |.........BB...........................|     B bitmap
  ///  free all:
  ///  |........ BB ..........................|     all free but B
  /// ```
  @Test func free_ofAll_leavesBitmapReserved() throws {
    var machine = Machine()
    let bitmap = try machine.register(0, 0..<0x1000, bitmapAt: 0x100)
    try machine.memory.free(pages(0..<0x1000))
    #expect(machine.reservedPages(of: 0..<0x1000) == Array(bitmap))
    // What is free is allocated, and never those.
    var taken: Set<UInt64> = []
    while let address = try? machine.memory.allocate(
      AllocationRequest(byteCount: pageByteCount, goal: .none, clearsMemory: false))
    {
      taken.insert(address.pageFrame.number)
    }
    #expect(taken == Set(0..<0x1000).subtracting(bitmap))
  }

  @Test func free_ofSinglePages_leavesBitmapReserved() throws {
    var machine = Machine()
    let bitmap = try machine.register(0, 0..<0x1000, bitmapAt: 0x100)
    for page: UInt64 in 0..<0x1000 {
      try machine.memory.free(bytes(page << pageShift, pageByteCount))
    }
    #expect(machine.reservedPages(of: 0..<0x1000) == Array(bitmap))
    // Below the bitmap and above pages are reserved and freed one by one as anywhere.
    for page: UInt64 in [0xff, bitmap.upperBound] {
      try machine.memory.reserve(bytes(page << pageShift, pageByteCount), exclusively: true)
      try machine.memory.free(bytes(page << pageShift, pageByteCount))
      #expect(machine.memory.isReserved(PageFrame(page)) == false)
      #expect(throws: BootMemoryError.misuse(.alreadyFree(PageFrame(page)))) {
        try machine.memory.free(bytes(page << pageShift, pageByteCount))
      }
    }
  }

  /// A later node's bitmap may lie in memory of an earlier node that is free already.
  @Test func registering_reservesBitmapInFreeMemory() throws {
    var machine = Machine()
    let first = try machine.register(0, 0..<0x400, bitmapAt: 0x20)
    try machine.memory.free(pages(0..<0x400))
    let second = try machine.register(1, 0x400..<0x800, bitmapAt: 0x80)
    try machine.memory.free(pages(0x400..<0x800))
    #expect(machine.reservedPages(of: 0..<0x800) == Array(first) + Array(second))
    var released: [UInt64] = []
    let count = try machine.memory.handOver(maximumOrder: 10) { block in
      released += block.first.number..<block.first.number + block.pageCount
    }
    #expect(count == 0x800)
    #expect(released.sorted() == Array(0..<0x800))
  }

  /// A node that is registered above or below a bitmap that lies in it already.
  @Test func bitmapOfEarlierNode_staysReservedInLaterNode() throws {
    var machine = Machine()
    let bitmap = try machine.register(0, 0..<0x100, bitmapAt: 0x200)
    let own = try machine.register(1, 0x100..<0x400, bitmapAt: 0x10)
    try machine.memory.free(pages(0..<0x400))
    for page: UInt64 in bitmap { try machine.memory.free(bytes(page << pageShift, pageByteCount)) }
    #expect(machine.reservedPages(of: 0..<0x400) == Array(own) + Array(bitmap))
  }

  /// ```
  ///  0     100     180        c00    d00
  ///  |______00______11__________|______|     0 and 1: the bitmaps of both nodes
  /// ```
  @Test func exclusiveReserve_ofBitmap_namesItsNode() throws {
    var machine = Machine()
    let bitmap = try machine.register(0, 0..<0xc00, bitmapAt: 0x100)
    let other = try machine.register(1, 0xc00..<0xd00, bitmapAt: 0x180)
    try machine.memory.free(pages(0..<0xd00))
    try machine.memory.reserve(pages(0x300..<0x301))
    for (first, error) in [
      (bitmap.lowerBound, .bitmapReserved(PageFrame(bitmap.lowerBound), NodeID(0))),
      (bitmap.upperBound - 1, .bitmapReserved(PageFrame(bitmap.upperBound - 1), NodeID(0))),
      (bitmap.upperBound, .bitmapReserved(PageFrame(other.lowerBound), NodeID(1))),
      (other.upperBound, .alreadyReserved(PageFrame(0x300))),
    ] as [(UInt64, BootMemoryError)] {
      #expect(throws: error) {
        try machine.memory.reserve(pages(first..<0x301), exclusively: true)
      }
    }
  }

  @Test func withoutKeeping_freeIsAsInLinux() throws {
    var machine = Machine(keepsBitmapsReserved: false)
    let bitmap = try machine.register(0, 0..<0x1000, bitmapAt: 0x100)
    try machine.memory.free(pages(0..<0x1000))
    #expect(machine.reservedPages(of: 0..<0x1000) == [])
    try machine.memory.reserve(pages(bitmap), exclusively: true)
    #expect(machine.reservedPages(of: 0..<0x1000) == Array(bitmap))
  }

  /// ```
  ///  0   100        500        900    999
  ///  |....B..........C..........D......|    registered in any order, each somewhere else
  ///  free all, then each of the pages: none of the three is freed
  /// ```
  @Test(arguments: [[100, 500, 900], [900, 500, 100], [500, 900, 100], [500, 100, 900]])
  func bitmapsApart_allStayReserved(starts: [UInt64]) throws {
    var machine = Machine()
    var bitmaps: [UInt64] = []
    for (node, start) in starts.enumerated() {
      let span: Range<UInt64> = node == 0 ? 0..<1000 : UInt64(node) * 1000..<UInt64(node) * 1000 + 9
      bitmaps += try machine.register(node, span, bitmapAt: start)
    }
    bitmaps.sort()
    for page in 0..<1000 as Range<UInt64> {
      try machine.memory.free(bytes(page * PageFrame.byteCount, PageFrame.byteCount))
    }
    #expect(machine.reservedPages(of: 0..<1000) == bitmaps)
    try machine.memory.reserve(pages(0..<1000))
    try machine.memory.free(pages(0..<1000))
    #expect(machine.reservedPages(of: 0..<1000) == bitmaps)
  }

  // Free pages are released first, the bitmap's last, and each once, as it is in Linux only where the
  // kernel has reserved the bitmap.
  @Test func handOver_ofBitmapsThatWereFreed_releasesThemOnce() throws {
    var machine = Machine(keepsBitmapsReserved: false)
    let bitmap = try machine.register(0, 0..<0x200, bitmapAt: 0x100)
    try machine.memory.free(pages(0..<0x200))
    #expect(machine.reservedPages(of: 0..<0x200).isEmpty)
    var released: [UInt64] = []
    let count = try machine.memory.handOver(maximumOrder: 10) { block in
      released += block.first.number..<block.first.number + block.pageCount
    }
    #expect(count == 0x200 && released.count == 0x200)
    #expect(Set(released) == Set(0..<0x200))
    #expect(released.suffix(bitmap.count).elementsEqual(bitmap))
  }
}
