import BootMemory
import PhysicalMemory
import Testing

/// Where Linux 4.19 is wrong and this is right, by the numbers of the specification.
@Suite struct CorrectionTests {
  private static let gibibyte: UInt64 = 1 << 30

  private func expectMisuse(
    _ misuse: BootMemoryMisuse, sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () throws(BootMemoryError) -> Void
  ) {
    do {
      try call()
      Issue.record("no error", sourceLocation: sourceLocation)
    } catch {
      #expect(error == .misuse(misuse), sourceLocation: sourceLocation)
    }
  }

  @Test func D01_lowNode_keepsLimit() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x10_0000..<0x10_0100)
    try fixed.freePages(0x10..<0x20)
    try fixed.freePages(0x10_0000..<0x10_0100)
    var request = AllocationRequest.low(byteCount: 0x100).on(NodeID(1))
    request.clearsMemory = false
    #expect(try fixed.memory.allocate(request) == PhysicalAddress(0x10000))
  }

  @Test func D02_nodeWithLimit_dropsGoalAndKeepsLimit() throws {
    var fixed = FixedMemory(0..<0x100)
    try fixed.freePages(0x10..<0x100)
    #expect(try fixed.allocate(0x4000, goal: 0x3_e000, limit: 0x4_0000, node: 0) == 0x1_0000)
    // Without the limit there would be room.
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x4_0000)) {
      _ = try fixed.allocate(0x4_0000, goal: 0x3_e000, limit: 0x4_0000, node: 0)
    }
  }

  @Test func D03_low_dropsGoalThatReachesBeyondLimit() throws {
    var fixed = FixedMemory(0..<0x100)
    try fixed.freePages(0x10..<0x100)
    #expect(try fixed.allocate(0x1000, goal: 0xffff_f000, limit: 0xffff_ffff) == 0x1_0000)
  }

  @Test func D04_sharing_endsWhenPageIsFreed() throws {
    var fixed = FixedMemory(0..<0x100)
    try fixed.freePages(0xa..<0x100)
    #expect(try fixed.allocate(0x100) == 0xa000)
    try fixed.freePages(0xa..<0xb)
    #expect(try fixed.allocate(0x100, goal: 0xb000) == 0xb000)
  }

  @Test func D05_sharing_endsWhenPageIsFreedAndReserved() throws {
    var fixed = FixedMemory(0..<0x100)
    try fixed.freePages(0xa..<0x100)
    #expect(try fixed.allocate(0x100) == 0xa000)
    try fixed.freePages(0xa..<0xb)
    try fixed.reservePages(0xa..<0xb, exclusively: true)
    #expect(try fixed.allocate(0x100) == 0xb000)
  }

  @Test func D06_sharing_endsWhenRestOfPageIsReserved() throws {
    var fixed = FixedMemory(0..<0x100)
    try fixed.freePages(0xa..<0x100)
    #expect(try fixed.allocate(0x100) == 0xa000)
    try fixed.memory.reserve(bytes(0xa800, 0x100))
    #expect(try fixed.allocate(0x100) == 0xb000)
  }

  @Test func D04_sharing_goesOnAfterFailedReserveAndPartialFree() throws {
    var fixed = FixedMemory(0..<0x100)
    try fixed.freePages(0xa..<0x100)
    #expect(try fixed.allocate(0x100) == 0xa000)
    #expect(throws: BootMemoryError.alreadyReserved(PageFrame(0xa))) {
      try fixed.memory.reserve(bytes(0xa800, 0x100), exclusively: true)
    }
    try fixed.memory.free(bytes(0xa400, 0x100))
    #expect(try fixed.allocate(0x100, goal: 0xb000) == 0xa100)
  }

  @Test func D07_handOver_releasesTailOfNodeWithUnalignedStart() throws {
    var fixed = FixedMemory(0x25..<0xa7)
    try fixed.freePages(0x25..<0xa7)
    var released: [UInt64] = []
    let count = try fixed.memory.handOver(maximumOrder: 10) { block in
      released += block.first.number..<block.first.number + block.pageCount
    }
    #expect(released == Array(0x25..<0xa7))
    #expect(count == 0xa7 - 0x25)
  }

  @Test func D08_D09_freeBelowPageAtEdge_doesNothing() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x20..<0x30)
    try fixed.freePages(0x10..<0x30)
    try fixed.reservePages(0x20..<0x28)
    let before = fixed.freeRanges()
    for range in [
      bytes(0xf800, 0x900), bytes(0x1_0000, 0x100), bytes(0x1_f800, 0x400), bytes(0x1_f800, 0x900),
      bytes(0x2_0000, 0xfff), bytes(0x2_f800, 0x700), bytes(0x2_f800, 0x1000),
    ] {
      try fixed.memory.free(range)
      #expect(fixed.freeRanges() == before)
    }
    try fixed.memory.free(bytes(0x1_f800, 0x400), on: NodeID(0))
    #expect(fixed.freeRanges() == before)
  }

  @Test func D10_emptyRangeOutsideNodes_doesNothing() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x30..<0x40)
    try fixed.freePages(0x10..<0x20)
    let before = fixed.freeRanges()
    for address: UInt64 in [0, 0xf800, 0x2_0000, 0x2_0800, 0x2_8000, 0x4_0000, 0x4_0001] {
      try fixed.memory.free(bytes(address, 0))
      try fixed.memory.reserve(bytes(address, 0))
      try fixed.memory.reserve(bytes(address, 0), exclusively: true)
    }
    #expect(fixed.freeRanges() == before)
  }

  @Test func D10_emptyRangeInsideNode_isAsInLinux() throws {
    var fixed = FixedMemory(0x10..<0x20)
    try fixed.freePages(0x10..<0x20)
    #expect(try fixed.allocate(0x3000) == 0x1_0000)
    // A free lowers the hint to the page at its start, rounded up.
    try fixed.memory.free(bytes(0x1_0800, 0))
    #expect(fixed.memory.node(NodeID(0))?.hint == PageFrame(0x11))
    // A reserve inside a page takes that page, one on a border none.
    try fixed.memory.reserve(bytes(0x1_8800, 0))
    try fixed.memory.reserve(bytes(0x1_a000, 0))
    #expect(fixed.freeRanges() == [0x13..<0x18, 0x19..<0x20])
  }

  @Test func D11_alignment0_isCacheLine() throws {
    var fixed = FixedMemory(0..<0x10)
    try fixed.freePages(1..<0x10)
    #expect(try fixed.allocate(1, align: 1) == 0x1000)
    #expect(try fixed.allocate(1, align: 0) == 0x1040)
  }

  @Test(arguments: [AddressWidth.bits32, .bits64])
  func D12_sizeNearTop_isOutOfMemory(width: AddressWidth) throws {
    var platform = BootMemoryPlatform()
    platform.addressWidth = width
    let top = width.endPageFrame.number &* 4096 &- 1
    var fixed = FixedMemory(0..<0x100, platform: platform)
    try fixed.freePages(0..<0x100)
    for byteCount in [top, top - 1, top - 0xffe, top - 0xfff, top - 0x1_0000] {
      #expect(throws: BootMemoryError.outOfMemory(byteCount: byteCount)) {
        _ = try fixed.allocate(byteCount, goal: 0x1000)
      }
      #expect(throws: BootMemoryError.outOfMemory(byteCount: byteCount)) {
        _ = try fixed.allocate(byteCount, goal: 0x1000, limit: 0x8_0000, node: 0)
      }
    }
    #expect(fixed.freeRanges() == [0..<0x100])
  }

  @Test(arguments: [AddressWidth.bits32, .bits64])
  func D13_D14_rangeMayEndAtTop(width: AddressWidth) throws {
    var platform = BootMemoryPlatform()
    platform.addressWidth = width
    let end = width.endPageFrame.number
    var fixed = FixedMemory(end - 0x10..<end, platform: platform)
    try fixed.memory.free(bytes((end - 1) << 12, 0x1000))
    #expect(fixed.freeRanges() == [end - 1..<end])
    #expect(try fixed.allocate(0x1000) == (end - 1) << 12)
    #expect(fixed.freeRanges().isEmpty)
    try fixed.freePages(end - 0x10..<end)
    try fixed.memory.reserve(bytes(((end - 1) << 12) + 1, 0xfff), exclusively: true)
    #expect(fixed.freeRanges() == [end - 0x10..<end - 1])
  }

  @Test func D14_rangeBeyondTop_isMisuse() throws {
    var platform = BootMemoryPlatform()
    platform.addressWidth = .bits32
    var fixed = FixedMemory(0xf_fff0..<0x10_0000, platform: platform)
    let range = bytes(0xffff_f000, 0x1001)
    let misuse = BootMemoryMisuse.beyondAddressSpace(PhysicalAddress(0xffff_f000))
    expectMisuse(misuse) { () throws(BootMemoryError) in try fixed.memory.free(range) }
    expectMisuse(misuse) { () throws(BootMemoryError) in try fixed.memory.reserve(range) }
    #expect(fixed.freeRanges().isEmpty)
  }

  @Test func D15_highNode_needs128MiBBeyondBorder() throws {
    let border: UInt64 = 0x10_0000
    for (extra, expected) in [(0x8000 as UInt64, 0x1000 as UInt64), (0x8001, border << 12)] {
      var fixed = FixedMemory(0..<border + extra)
      try fixed.freePages(1..<border + extra)
      #expect(try fixed.allocate(0x1000, node: 0, policy: .high) == expected)
    }
  }

  @Test func D16_emptyNodeBetweenNodes_isSkipped() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x20..<0x20, 0x20..<0x30)
    try fixed.freePages(0x18..<0x28)
    #expect(fixed.freeRanges() == [0x18..<0x20, 0x20..<0x28])
    try fixed.reservePages(0x1f..<0x21, exclusively: true)
    #expect(fixed.freeRanges() == [0x18..<0x1f, 0x21..<0x28])
  }

  @Test func D16_emptyNodeAtStartOfNode_isSkipped() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x10..<0x10, 0x20..<0x30)
    try fixed.freePages(0x18..<0x28)
    #expect(fixed.freeRanges() == [0x18..<0x20, 0x20..<0x28])
  }

  @Test func D16_emptyNode_liesBetweenOthersOnly() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x20..<0x30)
    try fixed.register(2, 0x20..<0x20)
    try fixed.register(3, 0x30..<0x30)
    try fixed.register(4, 0x10..<0x10)
    expectMisuse(.nodeOverlaps(pages(0x25..<0x25), NodeID(1))) { () throws(BootMemoryError) in
      try fixed.register(5, 0x25..<0x25)
    }
    try fixed.freePages(0x10..<0x30)
    #expect(fixed.freeRanges() == [0x10..<0x20, 0x20..<0x30])
  }

  @Test func D17_overlappingNode_isMisuse() throws {
    for span: Range<UInt64> in [0x1f..<0x30, 0x0..<0x11, 0x12..<0x14, 0x10..<0x20, 0x8..<0x40] {
      var fixed = FixedMemory(0x10..<0x20)
      expectMisuse(.nodeOverlaps(pages(span), NodeID(0))) { () throws(BootMemoryError) in
        try fixed.register(1, span)
      }
      #expect(fixed.memory.node(NodeID(1))?.isRegistered == false)
    }
  }

  @Test func D23_nodeRegisteredTwice_isMisuse() throws {
    var fixed = FixedMemory(0x10..<0x20)
    try fixed.freePages(0x10..<0x20)
    expectMisuse(.nodeAlreadyRegistered(NodeID(0))) { () throws(BootMemoryError) in
      try fixed.register(0, 0x40..<0x50)
    }
    #expect(fixed.freeRanges() == [0x10..<0x20])
  }

  @Test func D24_endBeforeStart_isNoRange() {
    #expect(PageRange(start: PageFrame(2), end: PageFrame(1)) == nil)
  }

  @Test func D18_refusedCall_changesNothing() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x20..<0x30, 0x40..<0x50)
    try fixed.freePages(0x28..<0x2a)
    let before = fixed.freeRanges()
    let hints = (0..<3).map { fixed.memory.node(NodeID($0))?.hint }
    expectMisuse(.alreadyFree(PageFrame(0x28))) { () throws(BootMemoryError) in
      try fixed.freePages(0x10..<0x30)
    }
    expectMisuse(.outsideNodes(PageFrame(0x30))) { () throws(BootMemoryError) in
      try fixed.freePages(0x2a..<0x44)
    }
    expectMisuse(.outsideNodes(PageFrame(0x50))) { () throws(BootMemoryError) in
      try fixed.reservePages(0x48..<0x51)
    }
    expectMisuse(.outsideNode(PageFrame(0x20), NodeID(0))) { () throws(BootMemoryError) in
      try fixed.memory.reserve(bytes(0x1_f000, 0x2000), on: NodeID(0))
    }
    #expect(throws: BootMemoryError.alreadyReserved(PageFrame(0x2a))) {
      try fixed.reservePages(0x28..<0x2b, exclusively: true)
    }
    #expect(fixed.freeRanges() == before)
    #expect((0..<3).map { fixed.memory.node(NodeID($0))?.hint } == hints)
  }

  @Test func D19_reserveAfterHandOver_isRefused() throws {
    var fixed = FixedMemory(0x10..<0x20)
    try fixed.freePages(0x10..<0x20)
    #expect(try fixed.memory.handOver(maximumOrder: 10) { _ in } == 0x10)
    for byteCount: UInt64 in [0, 0x1000] {
      #expect(throws: BootMemoryError.handedOver) {
        try fixed.memory.reserve(bytes(0x1_0000, byteCount))
      }
      #expect(throws: BootMemoryError.handedOver) {
        try fixed.memory.free(bytes(0x1_0000, byteCount))
      }
    }
    #expect(throws: BootMemoryError.handedOver) { _ = try fixed.allocate(1) }
    #expect(try fixed.memory.handOver(maximumOrder: 10) { _ in Issue.record("released") } == 0)
  }

  @Test func D20_roomInLastPageOfNode_isNotUsedAsInLinux() throws {
    var fixed = FixedMemory(0x10..<0x12)
    try fixed.freePages(0x10..<0x12)
    #expect(try fixed.allocate(0x1800) == 0x1_0000)
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x100)) { _ = try fixed.allocate(0x100) }
  }

  @Test func D25_limitBelowPage_fails() throws {
    var fixed = FixedMemory(0..<0x10)
    try fixed.freePages(0..<0x10)
    for limit: UInt64 in [1, 0x800, 0xfff] {
      #expect(throws: BootMemoryError.outOfMemory(byteCount: 1)) {
        _ = try fixed.allocate(1, limit: limit, node: 0)
      }
      #expect(throws: BootMemoryError.outOfMemory(byteCount: 1)) {
        _ = try fixed.allocate(1, limit: limit)
      }
    }
    #expect(try fixed.allocate(1, limit: 0x1000) == 0)
  }
}
