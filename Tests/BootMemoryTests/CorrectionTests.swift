// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryModels
import PhysicalMemory
import TestSupport
import Testing

/// Where Linux 4.19 is wrong and this is right, by the numbers of the specification.
///
/// In the drawings a column is a page, see `MapDrawing.swift` of the models: `_` is free, `#`
/// reserved.
@Suite(.onPagesOf4KiB) struct CorrectionTests {
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

  //           10       20         100000
  // map       ________|..........|________    node 1 lies above the low limit, fffff
  // Expect    #_______|..........|________
  @Test func D01_lowNode_keepsLimit() throws {
    var fixed = FixedMemory(0x10..<0x20, 0x10_0000..<0x10_0100)
    try fixed.freePages(0x10..<0x20)
    try fixed.freePages(0x10_0000..<0x10_0100)
    var request = AllocationRequest.low(byteCount: 0x100).on(NodeID(1))
    request.clearsMemory = false
    #expect(try fixed.memory.allocate(request) == PhysicalAddress(0x10000))
  }

  //               goal limit
  //                  v v
  // map      ####____________    four pages: from the goal on they would reach beyond the limit
  // Expect   ########________
  @Test func D02_nodeWithLimit_dropsGoalAndKeepsLimit() throws {
    var fixed = FixedMemory("####____________")
    #expect(try fixed.allocate(0x4000, goal: 0xa000, limit: 0xc000, node: 0) == 0x4000)
    #expect(fixed.drawing() == "########________")
    // Without the limit there would be room.
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x8000)) {
      _ = try fixed.allocate(0x8000, goal: 0xa000, limit: 0xc000, node: 0)
    }
    #expect(fixed.drawing() == "########________")
  }

  // map      ####____________    the goal is the last page below 4 GiB, and so is the limit
  // Expect   #####___________
  @Test func D03_low_dropsGoalThatReachesBeyondLimit() throws {
    var fixed = FixedMemory("####____________")
    #expect(try fixed.allocate(0x1000, goal: 0xffff_f000, limit: 0xffff_ffff) == 0x4000)
    #expect(fixed.drawing() == "#####___________")
  }

  // map      ####____    100 (hex) bytes go to page 4, which is freed
  // Expect   ####_#__    the next are not put there, if they are to lie above
  @Test func D04_sharing_endsWhenPageIsFreed() throws {
    var fixed = FixedMemory("####____")
    #expect(try fixed.allocate(0x100) == 0x4000)
    try fixed.freePages(4..<5)
    #expect(try fixed.allocate(0x100, goal: 0x5000) == 0x5000)
    #expect(fixed.drawing() == "####_#__")
  }

  // map      ####____    page 4 is freed, and reserved by somebody else
  // Expect   ######__
  @Test func D05_sharing_endsWhenPageIsFreedAndReserved() throws {
    var fixed = FixedMemory("####____")
    #expect(try fixed.allocate(0x100) == 0x4000)
    try fixed.freePages(4..<5)
    try fixed.reservePages(4..<5, exclusively: true)
    #expect(try fixed.allocate(0x100) == 0x5000)
    #expect(fixed.drawing() == "######__")
  }

  // page 4   |aa....rr........|    a allocated, r reserved by somebody else
  // Expect   ######__
  @Test func D06_sharing_endsWhenRestOfPageIsReserved() throws {
    var fixed = FixedMemory("####____")
    #expect(try fixed.allocate(0x100) == 0x4000)
    try fixed.memory.reserve(bytes(0x4800, 0x100))
    #expect(try fixed.allocate(0x100) == 0x5000)
    #expect(fixed.drawing() == "######__")
  }

  // page 4   |aabb............|    neither a failed reserve nor a free of a part takes the page
  // Expect   #####___
  @Test func D04_sharing_goesOnAfterFailedReserveAndPartialFree() throws {
    var fixed = FixedMemory("####____")
    #expect(try fixed.allocate(0x100) == 0x4000)
    #expect(throws: BootMemoryError.alreadyReserved(PageFrame(4))) {
      try fixed.memory.reserve(bytes(0x4800, 0x100), exclusively: true)
    }
    try fixed.memory.free(bytes(0x4400, 0x100))
    #expect(try fixed.allocate(0x100, goal: 0x5000) == 0x4100)
    // It still takes a whole free page behind, and leaves that as it is.
    #expect(fixed.drawing() == "#####___")
  }

  //           25      40                a7
  // map       ________|________|_______|    neither end is that of a word of the bitmap
  // Expect    every page is released, in order
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

  //           10       18
  // map       ________|####____
  // fragments |      |||      |    at the edges of both nodes
  @Test func D08_D09_freeBelowPageAtEdge_doesNothing() throws {
    let drawing = "________|####____"
    let cases: [(range: AddressRange, node: Int?, hints: [UInt64])] = [
      (bytes(0xf800, 0x900), nil, [0x10, 0x20]), (bytes(0x1_0000, 0x100), nil, [0x10, 0x20]),
      (bytes(0x1_0800, 0x900), nil, [0x11, 0x20]), (bytes(0x1_7800, 0x400), nil, [0x18, 0x20]),
      (bytes(0x1_7800, 0x900), nil, [0x18, 0x18]), (bytes(0x1_8000, 0xfff), nil, [0x18, 0x18]),
      (bytes(0x1_f800, 0x700), nil, [0x18, 0x20]), (bytes(0x1_f800, 0x1000), nil, [0x18, 0x20]),
      (bytes(0x1_7800, 0x900), 0, [0x18, 0x20]), (bytes(0x1_7800, 0x900), 1, [0x18, 0x18]),
    ]
    for (range, node, hints) in cases {
      var fixed = FixedMemory(drawing, at: 0x10)
      // The searches go on at the end of each node.
      #expect(try fixed.allocate(0x1000, goal: 0x1_7000) == 0x1_7000)
      #expect(try fixed.allocate(0x1000, goal: 0x1_f000) == 0x1_f000)
      #expect(fixed.hints == [0x18, 0x20])
      try fixed.memory.free(range, on: node.map { NodeID($0) })
      #expect(fixed.drawing(at: 0x10) == "_______#|####___#")
      #expect(fixed.hints == hints, "\(range) on \(node as Any)")
    }
  }

  //           10      18      20
  // map       ________........________
  // empty  |         ||  |   |        |
  @Test func D10_emptyRangeOutsideNodes_doesNothing() throws {
    let drawing = "____####........________"
    var fixed = FixedMemory(drawing, at: 0x10)
    for address: UInt64 in [0, 0xf800, 0x1_8000, 0x1_8800, 0x1_c000, 0x2_8000, 0x2_8001] {
      try fixed.memory.free(bytes(address, 0))
      try fixed.memory.reserve(bytes(address, 0))
      try fixed.memory.reserve(bytes(address, 0), exclusively: true)
    }
    #expect(fixed.drawing(at: 0x10) == drawing)
    #expect(fixed.hints == [0x10, 0x20])
  }

  //           10      18
  // map       ________________    the first three pages are allocated
  // free        |                 lowers the hint to its start, rounded up
  // reserve           | |         inside page 18 takes that page, on the border of 1a none
  // Expect    ###_____#_______
  @Test func D10_emptyRangeInsideNode_isAsInLinux() throws {
    var fixed = FixedMemory("________________", at: 0x10)
    #expect(try fixed.allocate(0x3000) == 0x1_0000)
    #expect(fixed.hints == [0x13])
    try fixed.memory.free(bytes(0x1_0800, 0))
    #expect(fixed.hints == [0x11])
    try fixed.memory.reserve(bytes(0x1_8800, 0))
    try fixed.memory.reserve(bytes(0x1_a000, 0))
    #expect(fixed.drawing(at: 0x10) == "###_____#_______")
  }

  // page 1    1.......................    a byte aligned to 1 is at its start
  // Expect    1.......2...............    one aligned to 0 a cache line behind
  @Test func D11_alignment0_isCacheLine() throws {
    var fixed = FixedMemory(0..<0x10)
    try fixed.freePages(1..<0x10)
    #expect(try fixed.allocate(1, align: 1) == 0x1000)
    #expect(try fixed.allocate(1, align: 0) == 0x1040)
  }

  //            goal
  //            v
  // map       ________........    the size reaches from there to the top, or beyond and round again
  // Expect    ________........
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

  //           border        limit            goal
  // map       ________________|..............|    from the goal on the size wraps around
  // Expect    from the border, as without a goal
  @Test func D12_goalFromWhichTheSizeWraps_countsAsNone() throws {
    var fixed = FixedMemory(0..<0x40_0000)
    try fixed.freePages(0..<0x40_0000)
    let address = try fixed.allocate(
      0x2000, goal: 0xffff_ffff_ffff_f000, limit: 0x2_0000_0000, node: 0, policy: .high)
    #expect(address == 0x1_0000_0000)
  }

  // map      ################|    the node ends at the top of the address space
  // free     ###############_|    then allocated, all freed, and the last page reserved
  // Expect   _______________#|
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
    try fixed.memory.free(pages(end - 1..<end))
    try fixed.memory.reserve(pages(end - 2..<end), exclusively: true)
    #expect(fixed.freeRanges() == [end - 0x10..<end - 2])
  }

  // map      ################|    the top of 4 GiB
  // range                   [~~   a page and a byte
  // Expect   ################|
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

  //           border             128 MiB
  //           v                  v
  // map       ___________________         Expect: from the start
  // map       ____________________        Expect: from the border
  @Test func D15_highNode_needs128MiBBeyondBorder() throws {
    let border: UInt64 = 0x10_0000
    for (extra, expected) in [(0x8000 as UInt64, 0x1000 as UInt64), (0x8001, border << 12)] {
      var fixed = FixedMemory(0..<border + extra)
      try fixed.freePages(1..<border + extra)
      #expect(try fixed.allocate(0x1000, node: 0, policy: .high) == expected)
    }
  }

  // before   ########||########    a node without pages lies at the border
  // free         [~~~~~~]
  // reserve         [~~]
  @Test(arguments: [0x10, 0x38] as [UInt64])
  func D16_emptyNodeBetweenNodes_isSkipped(start: UInt64) throws {
    // From 38 on the border is that of a word of the bitmap.
    var fixed = FixedMemory("########||########", at: start)
    try fixed.freePages(start + 4..<start + 0xc)
    #expect(fixed.drawing(at: start) == "####____||____####")
    try fixed.reservePages(start + 7..<start + 9, exclusively: true)
    #expect(fixed.drawing(at: start) == "####___#||#___####")
  }

  @Test func D16_emptyNodeAtStartOfNode_isSkipped() throws {
    var fixed = FixedMemory(0x10..<0x18, 0x10..<0x10, 0x18..<0x20)
    try fixed.freePages(0x14..<0x1c)
    #expect(fixed.drawing(at: 0x10) == "|####____|____####")
  }

  @Test func D16_emptyNode_liesBetweenOthersOnly() throws {
    var fixed = FixedMemory("########|########", at: 0x10)
    try fixed.register(2, 0x18..<0x18)
    try fixed.register(3, 0x20..<0x20)
    try fixed.register(4, 0x10..<0x10)
    expectMisuse(.nodeOverlaps(pages(0x1d..<0x1d), NodeID(1))) { () throws(BootMemoryError) in
      try fixed.register(5, 0x1d..<0x1d)
    }
    try fixed.freePages(0x10..<0x20)
    #expect(fixed.drawing(at: 0x10) == "|________||________|")
  }

  //             10      20
  // node 0      |########|
  // node 1              |#######|    and so on all sides, within, the same, around
  // Expect      |########|
  @Test func D17_overlappingNode_isMisuse() throws {
    for span: Range<UInt64> in [0x1f..<0x30, 0x0..<0x11, 0x12..<0x14, 0x10..<0x20, 0x8..<0x40] {
      var fixed = FixedMemory(0x10..<0x20)
      expectMisuse(.nodeOverlaps(pages(span), NodeID(0))) { () throws(BootMemoryError) in
        try fixed.register(1, span)
      }
      #expect(fixed.memory.node(NodeID(1))?.isRegistered == false)
    }
  }

  // map       ________            node 0, once more at another place
  // Expect    ________
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

  //           10       18           24
  // map       ########|____####....########
  // free        [~~~~~~~]                     page 18 is free
  // free                   [~~~~~~~~~]        page 20 lies in no node
  // reserve                         [~~~~~~]  page 2c lies in no node
  // reserve          [~]                      on node 0: page 18 lies outside
  // reserve            [~~~~]                 page 1c is reserved
  @Test func D18_refusedCall_changesNothing() throws {
    let drawing = "########|____####....########"
    var fixed = FixedMemory(drawing, at: 0x10)
    let hints = fixed.hints
    expectMisuse(.alreadyFree(PageFrame(0x18))) { () throws(BootMemoryError) in
      try fixed.freePages(0x12..<0x1a)
    }
    expectMisuse(.outsideNodes(PageFrame(0x20))) { () throws(BootMemoryError) in
      try fixed.freePages(0x1d..<0x28)
    }
    expectMisuse(.outsideNodes(PageFrame(0x2c))) { () throws(BootMemoryError) in
      try fixed.reservePages(0x28..<0x2d)
    }
    expectMisuse(.outsideNode(PageFrame(0x18), NodeID(0))) { () throws(BootMemoryError) in
      try fixed.memory.reserve(bytes(0x1_7000, 0x2000), on: NodeID(0))
    }
    #expect(throws: BootMemoryError.alreadyReserved(PageFrame(0x1c))) {
      try fixed.reservePages(0x18..<0x1d, exclusively: true)
    }
    #expect(fixed.drawing(at: 0x10) == drawing)
    #expect(fixed.hints == hints)
  }

  // map       ________    all is handed over
  // Expect    ........    and nothing can be reserved, freed or allocated
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
    #expect(throws: BootMemoryError.handedOver) { try fixed.register(1, 0x40..<0x50) }
    for end: UInt64 in [0x10, 0x11] {
      #expect(throws: BootMemoryError.handedOver) { try fixed.memory.reserve(pages(0x10..<end)) }
      #expect(throws: BootMemoryError.handedOver) { try fixed.memory.free(pages(0x10..<end)) }
    }
    #expect(throws: BootMemoryError.handedOver) { _ = try fixed.allocate(1) }
    #expect(try fixed.memory.handOver(maximumOrder: 10) { _ in Issue.record("released") } == 0)
  }

  // map       __|    one and a half page are allocated
  // Expect    ##|    and the other half has no whole free page behind it
  @Test func D20_roomInLastPageOfNode_isNotUsedAsInLinux() throws {
    var fixed = FixedMemory(0x10..<0x12)
    try fixed.freePages(0x10..<0x12)
    #expect(try fixed.allocate(0x1800) == 0x1_0000)
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x100)) { _ = try fixed.allocate(0x100) }
  }

  // limit     v          inside page 0, so that no page lies below
  // map       ________
  // Expect    ________
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
