// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryModels
import PhysicalMemory
import TestSupport
import Testing

/// What a call does that has nothing to do, and what one leaves behind that fails.
///
/// In the drawings a column is a page, see `MapDrawing.swift` of the models; most begin at page 10
/// (hex).
@Suite(.onPagesOf4KiB) struct MeaningTests {
  private static let start: UInt64 = 0x10

  private static func memory(_ drawing: String) -> FixedMemory { FixedMemory(drawing, at: start) }

  // Fragments at both edges of a node, behind the last one, in the hole, and far away.
  //
  //            10      18      20
  //   nodes    ####____........____####....
  //   fragment       |-|  ||         |-|||  ||
  @Test(
    arguments: [
      (0xf800, 0x900), (0x1_0000, 0xfff), (0x1_7800, 0x400), (0x1_7800, 0x1000), (0x1_8000, 1),
      (0x1_c000, 0xfff), (0x1_c800, 0x1000), (0x2_7001, 0xfff), (0x2_7800, 0x1000),
      (0x2_8000, 0xfff),
      (0x2_8800, 0xf00), (0, 0xfff), (0x123_4567, 0x1000), (0, 0), (0x2_8000, 0), (0x1_c800, 0),
      (0xffff_ffff_ffff_f001, 0xfff), (0xffff_ffff_ffff_f001, 0x100), (.max, 0),
    ] as [(UInt64, UInt64)])
  func freeWithoutWholePage_isNeverMisuse(start: UInt64, byteCount: UInt64) throws {
    let drawing = "####____........____####"
    for node in [nil, 0, 1, 7] {
      var fixed = Self.memory(drawing)
      try fixed.memory.free(bytes(start, byteCount), on: node.map { NodeID($0) })
      #expect(fixed.drawing(at: Self.start) == drawing)
    }
  }

  // before   ________    the search goes on at page 18, behind the last allocation
  // Expect   ########    and at the start of the fragment, rounded up, where both of its ends, so
  //                      rounded, lie in the node
  @Test func freeWithoutWholePage_lowersHintInsideItsNodeOnly() throws {
    let cases: [(start: UInt64, byteCount: UInt64, node: Int?, hint: UInt64)] = [
      (0x1_2000, 0, nil, 0x12), (0x1_2000, 0xfff, nil, 0x12), (0x1_2001, 0xffe, nil, 0x13),
      (0x1_2800, 0x1000, 0, 0x13), (0x1_0000, 0, nil, 0x10),
      // Its start rounded up, or its end rounded down, lies in no node, or not in the one named.
      (0xf800, 0x900, nil, 0x10), (0xf800, 0x700, nil, 0x18), (0x1_7800, 0x400, nil, 0x18),
      (0x1_2000, 0, 1, 0x18), (0x1_2000, 0x800, 7, 0x18),
    ]
    for (start, byteCount, node, hint) in cases {
      var fixed = Self.memory("________....____")
      #expect(try fixed.allocate(0x8000) == 0x1_0000)
      try fixed.memory.free(bytes(start, byteCount), on: node.map { NodeID($0) })
      #expect(fixed.drawing(at: Self.start) == "########....____")
      #expect(fixed.hints == [hint, 0x1c], "\(start), \(byteCount) on \(node as Any)")
    }
  }

  @Test func emptyPageRange_changesNothingAnywhere() throws {
    var fixed = Self.memory("________....____")
    #expect(try fixed.allocate(0x8000) == 0x1_0000)
    for page: UInt64 in [0, 0x10, 0x12, 0x18, 0x1a, 0x20, 0x1000] {
      for node in [nil, 0, 1, 7] {
        let id = node.map { NodeID($0) }
        try fixed.memory.free(pages(page..<page), on: id)
        try fixed.memory.reserve(pages(page..<page), on: id)
        try fixed.memory.reserve(pages(page..<page), on: id, exclusively: true)
      }
    }
    #expect(fixed.drawing(at: Self.start) == "########....____")
    #expect(fixed.hints == [0x18, 0x1c])
  }

  //          10       18       20
  // map      ________|____#___|________   no page changes
  // reserve    [~~~~~~~~~~~~~~~~~]        meets page 1c
  // hints          ^ |     ^  |    ^      where the searches go on before,
  //            ^     |^       |    ^      and afterwards: only up to that page
  @Test func failedExclusiveReserve_lowersHintsUpToThePageInTheWay() throws {
    var fixed = Self.memory("________|________|________")
    for (node, page) in [(0, 0x16), (1, 0x1c), (2, 0x24)] as [(Int, UInt64)] {
      #expect(try fixed.allocate(0x1000, goal: page << 12, node: node) == page << 12)
      if node != 1 { try fixed.freePages(page..<page + 1) }
    }
    let drawing = "________|____#___|________"
    #expect(fixed.drawing(at: Self.start) == drawing)
    #expect(fixed.hints == [0x16, 0x1d, 0x24])
    #expect(throws: BootMemoryError.alreadyReserved(PageFrame(0x1c))) {
      try fixed.reservePages(0x12..<0x24, exclusively: true)
    }
    #expect(fixed.drawing(at: Self.start) == drawing)
    #expect(fixed.hints == [0x12, 0x18, 0x24])
  }

  @Test func allocate_onNodeNeverRegistered() throws {
    var fixed = Self.memory("____####")
    let outOfMemory = BootMemoryError.outOfMemory(byteCount: 0x1000)
    #expect(throws: outOfMemory) { try fixed.allocate(0x1000, node: 5, policy: .only) }
    #expect(fixed.drawing(at: Self.start) == "____####")
    #expect(try fixed.allocate(0x1000, node: 5) == 0x1_0000)
    #expect(try fixed.allocate(0x1000, node: 5, policy: .high) == 0x1_1000)
    #expect(fixed.drawing(at: Self.start) == "##__####")
    #expect(throws: BootMemoryError.misuse(.noSuchNode(NodeID(8)))) {
      try fixed.allocate(0x1000, node: 8)
    }
    #expect(throws: BootMemoryError.misuse(.noSuchNode(NodeID(-1)))) {
      try fixed.allocate(0x1000, node: -1, policy: .only)
    }
  }

  @Test func allocate_thatNodeOnly_takesNoOthersMemory() throws {
    var fixed = Self.memory("____|####")
    let outOfMemory = BootMemoryError.outOfMemory(byteCount: 0x1000)
    #expect(throws: outOfMemory) { try fixed.allocate(0x1000, node: 1, policy: .only) }
    #expect(throws: outOfMemory) {
      try fixed.allocate(0x1000, goal: 0x1_0000, node: 1, policy: .only)
    }
    #expect(fixed.drawing(at: Self.start) == "____|####")
    #expect(fixed.hints == [0x10, 0x14])
    #expect(try fixed.allocate(0x1000, node: 1) == 0x1_0000)
  }

  // Nothing lies below a limit in the first page, not even page 0.
  @Test func allocate_belowFirstPage_fails() throws {
    for limit: UInt64 in [0, 1, 0x800, 0xfff] {
      for node in [nil, 0, 1, 5] {
        for policy in [AllocationRequest.NodePolicy.preferred, .only, .high] {
          var fixed = FixedMemory("____|____")
          var request = AllocationRequest(
            byteCount: 1, goal: .none, limit: .address(PhysicalAddress(limit)), clearsMemory: false)
          if let node { request = request.on(NodeID(node), policy: policy) }
          #expect(throws: BootMemoryError.outOfMemory(byteCount: 1)) {
            try fixed.memory.allocate(request)
          }
          // So does one that comes where the last change was.
          _ = try fixed.allocate(0x10)
          #expect(throws: BootMemoryError.outOfMemory(byteCount: 1)) {
            try fixed.memory.allocate(request)
          }
          #expect(fixed.drawing() == "#___|____")
          #expect(fixed.hints == [1, 4])
        }
      }
    }
  }

  @Test func mappedEnd_isALimitOfEveryAllocation() throws {
    var fixed = FixedMemory("____|____")
    fixed.memory.mappedEnd = PhysicalAddress(0x2fff)
    #expect(try fixed.allocate(0x1000) == 0)
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 0x2000)) {
      try fixed.allocate(0x2000, limit: 0x8000)
    }
    #expect(try fixed.allocate(0x1000, goal: 0x4000, node: 1) == 0x1000)
    #expect(throws: BootMemoryError.outOfMemory(byteCount: 1)) {
      try fixed.allocate(1, node: 1, policy: .only)
    }
    fixed.memory.mappedEnd = nil
    #expect(try fixed.allocate(0x1000) == 0x2000)
    #expect(fixed.drawing() == "###_|____")
  }

  @Test func allocateOrTrap_allocatesAsAllocateDoes() {
    var fixed = Self.memory("__##")
    var request = AllocationRequest(byteCount: 0x1000, goal: .none)
    request.clearsMemory = false
    #expect(fixed.memory.allocateOrTrap(request) == PhysicalAddress(0x1_0000))
    #expect(fixed.memory.allocateOrTrap(request) == PhysicalAddress(0x1_1000))
    #expect(fixed.drawing(at: Self.start) == "####")
  }

  @Test func allocateOrTrap_stopsTheProgramWhereAllocateThrows() async {
    await #expect(processExitsWith: .failure) {
      var fixed = FixedMemory("####")
      _ = fixed.memory.allocateOrTrap(AllocationRequest(byteCount: 1, clearsMemory: false))
    }
  }

  // free      ________    each after a page that was allocated just before, where the search goes on
  // a page    ##______    a byte less, a page
  // more      ###_____    a byte more
  @Test func allocate_aroundAPage_takesWhatItNeeds() throws {
    for (byteCount, drawing) in [
      (0xfff, "##______"), (0x1000, "##______"), (0x1001, "###_____"), (0x2000, "###_____"),
      (0x2001, "####____"),
    ] as [(UInt64, String)] {
      for align: UInt64 in [0x1000, 0x2000] {
        var fixed = Self.memory("________")
        #expect(try fixed.allocate(0x1000) == 0x1_0000)
        let address = try fixed.allocate(byteCount, align: align)
        #expect(address == (align == 0x1000 ? 0x1_1000 : 0x1_2000))
        guard align == 0x1000 else { continue }
        #expect(fixed.drawing(at: Self.start) == drawing)
        #expect(try fixed.allocate(1) == 0x1_1000 + byteCount)
      }
    }
  }

  // mapped     ________|    up to page 8, and the limit lies inside that page
  // goal             .~~~.  from inside page 7 on the size reaches beyond what is mapped
  // Expect     _______#     below the limit that was asked for it does not, and that decides
  @Test func mappedEnd_inThePageOfTheLimit_changesNothing() throws {
    var fixed = FixedMemory("________")
    fixed.memory.mappedEnd = PhysicalAddress(0x8000)
    #expect(try fixed.allocate(0x900, goal: 0x7800, limit: 0x8fff) == 0x7000)
    #expect(try fixed.allocate(0x900, goal: 0x6800, limit: 0x6fff) == 0)
    #expect(fixed.drawing() == "#______#")
  }
}
