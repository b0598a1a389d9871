// SPDX-License-Identifier: MIT
import BitmapTestSupport
import BootMemory
import BootMemoryModels
import PhysicalMemory
import TestSupport
import Testing

/// Each error names the value that is wrong and, where there is one, its page or node; nothing has
/// changed then.
@Suite struct ErrorTests {
  private static let drawing = "####____|____####....####"

  /// The call throws `misuse` and leaves map and hints as they were.
  private func expect(
    _ misuse: BootMemoryMisuse, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: (inout FixedMemory) throws(BootMemoryError) -> Void
  ) {
    var fixed = FixedMemory(Self.drawing)
    let hints = fixed.hints
    #expect(throws: BootMemoryError.misuse(misuse), sourceLocation: sourceLocation) {
      try call(&fixed)
    }
    #expect(fixed.drawing() == Self.drawing, sourceLocation: sourceLocation)
    #expect(fixed.hints == hints, sourceLocation: sourceLocation)
  }

  //          0       8       10
  //          ####____|____####....####
  // free       [            ]            page 4 is free
  // free                 [        ]      page 0x10 lies in no node
  // reserve  on node 0: page 0x8 lies outside
  @Test func ranges_nameTheFirstPageThatIsWrong() {
    expect(.alreadyFree(PageFrame(4))) { memory throws(BootMemoryError) in
      try memory.freePages(2..<0xe)
    }
    expect(.alreadyFree(PageFrame(9))) { memory throws(BootMemoryError) in
      try memory.memory.free(pages(9..<0xd), on: NodeID(1))
    }
    expect(.outsideNodes(PageFrame(0x10))) { memory throws(BootMemoryError) in
      try memory.freePages(0xe..<0x15)
    }
    expect(.outsideNodes(PageFrame(0x11))) { memory throws(BootMemoryError) in
      try memory.memory.reserve(pages(0x11..<0x16))
    }
    expect(.outsideNodes(PageFrame(0x18))) { memory throws(BootMemoryError) in
      try memory.memory.reserve(bytes(0x18 * pageByteCount - 1, 2))
    }
    expect(.outsideNode(PageFrame(8), NodeID(0))) { memory throws(BootMemoryError) in
      try memory.memory.reserve(pages(6..<0xa), on: NodeID(0))
    }
    expect(.outsideNode(PageFrame(6), NodeID(1))) { memory throws(BootMemoryError) in
      try memory.memory.free(pages(6..<0xa), on: NodeID(1))
    }
    expect(.outsideNode(PageFrame(6), NodeID(7))) { memory throws(BootMemoryError) in
      try memory.memory.free(pages(6..<7), on: NodeID(7))
    }
  }

  @Test func ranges_nameANodeWithoutStorage() {
    for id in [-1, 8, Int.max, Int.min] {
      let node = NodeID(id)
      expect(.noSuchNode(node)) { memory throws(BootMemoryError) in
        try memory.memory.free(pages(1..<2), on: node)
      }
      expect(.noSuchNode(node)) { memory throws(BootMemoryError) in
        try memory.memory.reserve(pages(1..<2), on: node)
      }
      expect(.noSuchNode(node)) { memory throws(BootMemoryError) in
        _ = try memory.allocate(1, node: id)
      }
      expect(.noSuchNode(node)) { memory throws(BootMemoryError) in
        try memory.register(id, 0x100..<0x200)
      }
    }
  }

  @Test func pagesBeyondTheTop_nameTheirStart() {
    let top = PageFrame.end.number
    expect(.beyondAddressSpace(PhysicalAddress((top - 1) << pageShift))) {
      memory throws(BootMemoryError) in
      try memory.memory.free(pages(top - 1..<top + 1))
    }
    expect(.beyondAddressSpace(PhysicalAddress(.max))) { memory throws(BootMemoryError) in
      try memory.memory.reserve(pages(top..<top + 1))
    }
  }

  @Test func requests_nameWhatIsWrong() {
    expect(.zeroByteCount) { memory throws(BootMemoryError) in _ = try memory.allocate(0) }
    for alignment: UInt64 in [3, 24, 4097, .max] {
      expect(.alignmentNotPowerOfTwo(alignment)) { memory throws(BootMemoryError) in
        _ = try memory.allocate(1, align: alignment)
      }
    }
  }

  @Test func handOver_namesTheOrder() {
    for order in [-1, PageFrame.numberBitCount, Int.max, Int.min] {
      expect(.orderOutOfRange(order)) { memory throws(BootMemoryError) in
        try memory.memory.handOver(maximumOrder: order) { _ in Issue.record("released") }
      }
    }
  }

  @Test func bitmap_tooSmallOrMisplaced() {
    let byteCount = BootMemory.bitmapByteCount(forPageCount: 0x100)
    let bitmap = GuardedMemory(byteCount: byteCount)
    let start = unsafe bitmap.bytes.baseAddress!
    expect(
      .bitmapTooSmall(byteCount: byteCount - 1, requiredByteCount: byteCount)
    ) { memory throws(BootMemoryError) in
      let short = unsafe UnsafeMutableRawBufferPointer(start: start, count: Int(byteCount) - 1)
      try unsafe memory.memory.registerNode(
        NodeID(5), spanning: pages(0x100..<0x200), bitmap: short)
    }
    for offset in [1, 2, 4] {
      let place = unsafe start + offset
      expect(.bitmapMisplaced(UInt(bitPattern: place))) { memory throws(BootMemoryError) in
        let odd = unsafe UnsafeMutableRawBufferPointer(start: place, count: Int(byteCount))
        try unsafe memory.memory.registerNode(
          NodeID(5), spanning: pages(0x100..<0x200), bitmap: odd)
      }
    }
  }

  // At page 0 the bitmap of an identity map would be at the nil pointer.
  @Test func bitmapAtPage0_isNilPointerOfAnIdentityMap() {
    expect(.bitmapMisplaced(0)) { memory throws(BootMemoryError) in
      try memory.memory.registerNode(
        NodeID(5), spanning: pages(0x100..<0x200), bitmapAt: PageFrame(0))
    }
  }

  @Test func bitmapBeyondTheTop_namesItsAddress() {
    let top = PageFrame.end.number
    for start in [top - 1, top, top + 1, .max] {
      let address = start < top ? start << pageShift : .max
      expect(.beyondAddressSpace(PhysicalAddress(address))) { memory throws(BootMemoryError) in
        // 2^20 pages take a bitmap of more than a page.
        try memory.memory.registerNode(
          NodeID(5), spanning: pages(0x100..<0x10_0100), bitmapAt: PageFrame(start))
      }
    }
    expect(.beyondAddressSpace(PhysicalAddress((top - 8) << pageShift))) {
      memory throws(BootMemoryError) in
      try memory.memory.registerNode(
        NodeID(5), spanning: pages(top - 8..<top + 1), bitmapAt: PageFrame(1))
    }
  }

  private static let texts: [(BootMemoryError, String)] = [
    (.outOfMemory(byteCount: 0x1000), "out of memory: no free range for 0x1000 bytes"),
    (.alreadyReserved(PageFrame(0x1f0)), "page 0x1f0 is reserved already"),
    (
      .bitmapReserved(PageFrame(0xd7), NodeID(0)),
      "page 0xd7 is reserved already: the bitmap of node 0"
    ),
    (.handedOver, "boot memory has been handed over to the page allocator"),
    (.misuse(.alreadyFree(PageFrame(0x1f0))), "page 0x1f0 is free already"),
    (.misuse(.outsideNodes(PageFrame(0x20))), "page 0x20 lies in no node"),
    (.misuse(.outsideNode(PageFrame(0x20), NodeID(12))), "page 0x20 lies outside node 12"),
    (
      .misuse(.beyondAddressSpace(PhysicalAddress(0xffff_f000))),
      "the range at 0xfffff000 reaches beyond the address space"
    ),
    (.misuse(.zeroByteCount), "the size is 0"),
    (.misuse(.alignmentNotPowerOfTwo(24)), "the alignment 0x18 is not a power of two"),
    (.misuse(.noSuchNode(NodeID(-1))), "there is no room for node -1"),
    (.misuse(.nodeAlreadyRegistered(NodeID(2))), "registered already: node 2"),
    (
      .misuse(.nodeOverlaps(pages(0x10..<0x20), NodeID(0))),
      "the span 0x10-0x20 overlaps that of node 0"
    ),
    (
      .misuse(.bitmapOverlaps(pages(0x10..<0x11), NodeID(3))),
      "the bitmap at 0x10-0x11 overlaps that of node 3"
    ),
    (
      .misuse(.bitmapTooSmall(byteCount: 0xff, requiredByteCount: 0x100)),
      "the bitmap has 0xff bytes and needs 0x100"
    ),
    (.misuse(.bitmapMisplaced(0x1001)), "no bitmap can lie at 0x1001"),
    (.misuse(.orderOutOfRange(-3)), "no block has the order -3"),
    (.misuse(.orderOutOfRange(52)), "no block has the order 52"),
    (.misuse(.notHandedOver), "boot memory has not been handed over yet"),
  ]

  @Test(arguments: texts)
  func text_namesTheValues(error: BootMemoryError, text: String) {
    var printed = PrintedText()
    error.write(to: &printed)
    #expect(printed.text == text)
  }
}
