// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// In the drawings a column is a page: U is usable, a digit is a node, a dot is nothing.
@Suite struct NodeMapTests {
  /// What firmware says: first address, the one behind it, node.
  private typealias Affinity = (start: UInt64, end: UInt64, node: Int)

  /// Makes the map of nodes of memory that is usable in `usable` and gives it to `body`.
  private func withNodes<Result>(
    usable: [(UInt64, UInt64)], _ affinities: [Affinity], nodes: Int = 1,
    hotPluggable: [(UInt64, UInt64)] = [], listCapacity: Int = 64,
    _ body: (NodeMap) throws -> Result
  ) throws -> Result {
    try withMap(of: usable.map { ($0.0, $0.1, .usable) }) { map in
      let affinityStorage = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(
        capacity: listCapacity)
      defer { unsafe affinityStorage.deallocate() }
      let hotPluggableStorage = UnsafeMutableBufferPointer<AddressRange>.allocate(
        capacity: listCapacity)
      defer { unsafe hotPluggableStorage.deallocate() }
      var list = unsafe MemoryAffinityList(
        storage: affinityStorage, hotPluggable: hotPluggableStorage)
      list.includeNode(NodeID(nodes - 1))
      for affinity in affinities {
        let range = AddressRange(
          start: PhysicalAddress(affinity.start),
          clampingByteCount: affinity.end &- affinity.start)
        list.append(MemoryAffinity(range: range, node: NodeID(affinity.node)))
      }
      for range in hotPluggable {
        list.appendHotPluggable(
          AddressRange(start: PhysicalAddress(range.0), clampingByteCount: range.1 &- range.0))
      }
      return try body(NodeMap(assigning: map, to: &list))
    }
  }

  /// The map as `NODE:FIRST-LAST` in pages, hexadecimal, last included.
  private func nodes(_ usable: [(UInt64, UInt64)], _ affinities: [Affinity]) throws -> String {
    try withNodes(usable: usable, affinities) { map in
      map.ranges().map { text($0) }.joined(separator: " ")
    }
  }

  private func text(_ range: NodePages) -> String {
    let first = String(range.pages.start.number, radix: 16)
    let last = String(range.pages.end.number - 1, radix: 16)
    return "\(range.node.rawValue):\(first)-\(last)"
  }

  // usable   UUUU..UU
  // Expect   0000..00
  @Test func assign_withoutAffinitiesAllIsNode0() throws {
    try withNodes(usable: [(0, 0x4000), (0x6000, 0x8000)], []) { map in
      #expect(map.nodeCount == 1)
      var printed = PrintedText()
      map.write(to: &printed)
      #expect(
        printed.text == """
            node 0 000000000-000000003 16 KiB
            node 0 000000006-000000007 8 KiB

          """)
    }
  }

  // usable   UUUUUU.U
  // nodes    00111222
  // Expect   001112.2
  @Test func assign_cutsUsableRangesAtNodes() throws {
    #expect(
      try nodes(
        [(0, 0x6000), (0x7000, 0x8000)], [(0, 0x2000, 0), (0x2000, 0x5000, 1), (0x5000, 0x8000, 2)])
        == "0:0-1 1:2-4 2:5-5 2:7-7")
  }

  // usable   UUUUUUUU
  // nodes    ..00111.   (told from right to left, and in pieces)
  // Expect   00001111
  @Test func assign_memoryAtTheEndsGoesToTheNearest() throws {
    #expect(
      try nodes(
        [(0, 0x8000)], [(0x5000, 0x7000, 1), (0x2000, 0x4000, 0), (0x4000, 0x5000, 1)])
        == "0:0-3 1:4-7")
  }

  // usable   UU.U...U.UU      UU.......U.UU
  // nodes    00.......11      00.........11
  // Expect   00.0...1.11      00.......1.11
  @Test func assign_memoryInAHoleGoesToTheNearest() throws {
    let affinities: [Affinity] = [(0, 0x2000, 0), (0x9000, 0xb000, 1)]
    #expect(
      try nodes(
        [(0, 0x2000), (0x3000, 0x4000), (0x7000, 0x8000), (0x9000, 0xb000)], affinities)
        == "0:0-1 0:3-3 1:7-7 1:9-a")
  }

  // usable   UUUUUUUU
  // nodes    00....11
  // Expect   00000011   (a hole without a border is one piece; at equal distance the lower side)
  @Test func assign_aHoleInOnePieceGoesToOneNode() throws {
    #expect(
      try nodes([(0, 0x8000)], [(0, 0x2000, 0), (0x6000, 0x8000, 1)]) == "0:0-5 1:6-7")
  }

  // usable   UUUUUUUU
  // nodes    00000...
  //          ...11111
  // Expect   00000000   (Linux refuses the whole table)
  @Test func assign_overlapOfTwoNodesLeavesOneNode() throws {
    try withNodes(usable: [(0, 0x8000)], [(0x3000, 0x8000, 1), (0, 0x5000, 0)]) { map in
      #expect(map.ranges().map { text($0) } == ["0:0-7"])
      #expect(map.conflictCount == 1)
      #expect(map.nodeCount == 1)
    }
  }

  // usable   UUUU....
  // nodes    00000...
  //          ...11111
  // Expect   0000       (where there is no memory of one of them, nothing contradicts)
  @Test func assign_overlapWithoutMemoryIsNone() throws {
    try withNodes(usable: [(0, 0x3000)], [(0x3000, 0x8000, 1), (0, 0x5000, 0)]) { map in
      #expect(map.ranges().map { text($0) } == ["0:0-2"])
      #expect(map.conflictCount == 0)
      #expect(map.nodeCount == 2)
    }
  }

  // usable   UUUUUUUU
  // nodes    00000000
  //          ..11.00.
  // Expect   00000000
  @Test func assign_nestedEntryIsAContradiction() throws {
    try withNodes(
      usable: [(0, 0x8000)], [(0x2000, 0x4000, 1), (0x5000, 0x7000, 0), (0, 0x8000, 0)]
    ) { map in
      #expect(map.ranges().map { text($0) } == ["0:0-7"])
      #expect(map.conflictCount == 1)
      #expect(map.nodeCount == 1)
      #expect(map.usablePageCount(of: NodeID(0)) == 8)
      #expect(map.usablePageCount(of: NodeID(1)) == 0)
    }
  }

  // A page belongs where its first byte does.
  @Test func assign_borderInsideAPage() throws {
    #expect(
      try nodes([(0, 0x4000)], [(0, 0x1800, 0), (0x1800, 0x4000, 1)]) == "0:0-1 1:2-3")
    #expect(
      try nodes([(0, 0x4000)], [(0, 0x1000, 0), (0x1800, 0x4000, 1)]) == "0:0-1 1:2-3")
  }

  @Test func assign_zeroLengthEntriesVanishAndTheirNodesStay() throws {
    try withNodes(usable: [(0, 0x4000)], [(0x1000, 0x1000, 3), (0, 0x4000, 0)]) { map in
      #expect(map.ranges().map { text($0) } == ["0:0-3"])
      #expect(map.nodeCount == 4)
    }
  }

  @Test func assign_entryToTheTopOfTheAddressSpace() throws {
    let top: UInt64 = 0xffff_ffff_ffff_c000
    try withNodes(
      usable: [(top, 0)], [(top + 0x2000, 0, 1), (0, top + 0x2000, 0), (top + 0x3000, 0, 1)]
    ) { map in
      #expect(
        map.ranges().map { text($0) } == [
          "0:ffffffffffffc-ffffffffffffd", "1:ffffffffffffe-fffffffffffff",
        ])
      #expect(map.conflictCount == 0)
    }
  }

  // nodes      00.0.11.0.0
  // stretches  0000.11.000
  @Test func stretches_endWhereAnotherNodeHasMemory() throws {
    try withNodes(
      usable: [
        (0, 0x2000), (0x3000, 0x4000), (0x5000, 0x7000), (0x8000, 0x9000), (0xa000, 0xb000),
      ],
      [(0, 0x4000, 0), (0x5000, 0x7000, 1), (0x8000, 0xb000, 0)]
    ) { map in
      #expect(map.stretches().map { text($0) } == ["0:0-3", "1:5-6", "0:8-a"])
    }
  }

  // nodes      00.0.11.0.0
  // below 9    00.0.11.0
  @Test func belowALimit_rangesAndStretchesAreCut() throws {
    try withNodes(
      usable: [(0, 0x2000), (0x3000, 0x4000), (0x5000, 0x7000), (0x8000, 0xb000)],
      [(0, 0x4000, 0), (0x5000, 0x7000, 1), (0x8000, 0xb000, 0)]
    ) { map in
      #expect(map.ranges(below: 9).map { text($0) } == ["0:0-1", "0:3-3", "1:5-6", "0:8-8"])
      #expect(map.stretches(below: 9).map { text($0) } == ["0:0-3", "1:5-6", "0:8-8"])
      #expect(map.stretches(below: 8).map { text($0) } == ["0:0-3", "1:5-6"])
      #expect(map.ranges(below: 0).map { text($0) } == [])
      #expect(map.usablePageCount(of: NodeID(0), below: 9) == 4)
    }
  }

  // usable   UUUUUUUU
  // nodes    00....11
  // below 5  00000      (the hole goes to the side that is nearer to all of it)
  @Test func belowALimit_aPageBelongsToTheSameNode() throws {
    try withNodes(usable: [(0, 0x8000)], [(0, 0x1000, 0), (0x6000, 0x8000, 1)]) { map in
      #expect(map.ranges().map { text($0) } == ["0:0-5", "1:6-7"])
      #expect(map.ranges(below: 5).map { text($0) } == ["0:0-4"])
    }
  }

  // usable   UUU.UU
  @Test func oneNode_hasAllPages() throws {
    try withMap(of: [(0, 0x3000, .usable), (0x4000, 0x6000, .usable)]) { map in
      let nodes = NodeMap(oneNodeOf: map)
      #expect(nodes.nodeCount == 1 && nodes.conflictCount == 0)
      #expect(nodes.ranges().map { text($0) } == ["0:0-2", "0:4-5"])
      #expect(nodes.stretches().map { text($0) } == ["0:0-5"])
    }
  }

  @Test func hotPluggable_isSortedAndMerged() throws {
    try withNodes(
      usable: [(0, 0x8000)], [],
      hotPluggable: [
        (0x9000, 0xa000), (0x1000, 0x2000), (0x3000, 0x3000), (0x1800, 0x4000), (0x1c00, 0x2000),
        (0x4000, 0x5001),
      ]
    ) { map in
      var printed = PrintedText()
      map.hotPluggable.write(to: &printed)
      #expect(
        printed.text == """
            0000000000001000-0000000000005000 16.0 KiB
            0000000000009000-0000000000009fff 4 KiB

          """)
      #expect(map.hotPluggable.pages(overlapping: PageRange(0..<1)) == nil)
      #expect(map.hotPluggable.pages(overlapping: PageRange(0..<9)) == PageRange(1..<6))
      #expect(map.hotPluggable.pages(overlapping: PageRange(5..<6)) == PageRange(1..<6))
      #expect(map.hotPluggable.pages(overlapping: PageRange(6..<9)) == nil)
      #expect(map.hotPluggable.pages(overlapping: PageRange(6..<10)) == PageRange(9..<10))
    }
  }

  @Test func removeAll_leavesOneNodeAndNothingHotPluggable() throws {
    try withMap(of: [(0, 0x8000, .usable)]) { map in
      let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(capacity: 1)
      let hotPluggable = UnsafeMutableBufferPointer<AddressRange>.allocate(capacity: 1)
      defer {
        unsafe affinities.deallocate()
        unsafe hotPluggable.deallocate()
      }
      var list = unsafe MemoryAffinityList(storage: affinities, hotPluggable: hotPluggable)
      list.append(MemoryAffinity(range: AddressRange(0..<0x4000), node: NodeID(1)))
      list.appendHotPluggable(AddressRange(0..<0x4000))
      list.removeAll()
      let nodes = try NodeMap(assigning: map, to: &list)
      #expect(nodes.nodeCount == 1 && nodes.hotPluggable.count == 0)
    }
  }

  @Test func hotPluggable_upToTheTopOfAllAddresses() throws {
    try withNodes(
      usable: [(0, 0x8000)], [],
      hotPluggable: [(0, 0x4000), (0x4000, 0), (0xffff_ffff_ffff_0000, 0)]
    ) { map in
      #expect(map.hotPluggable.count == 1)
      #expect(map.hotPluggable[0] == AddressRange(start: 0, clampingByteCount: .max))
    }
  }

  /// Nodes that contradict one another say nothing of what can be taken out.
  @Test func hotPluggable_nodesThatContradict_staysSo() throws {
    try withNodes(
      usable: [(0, 0x8000)], [(0, 0x4000, 0), (0x2000, 0x8000, 1)],
      hotPluggable: [(0x4000, 0x6000)]
    ) { map in
      #expect(map.conflictCount == 1)
      #expect(map.hotPluggable.count == 1)
    }
  }

  @Test func fullListOfHotPluggableMemory_saysHowLargeItMustBe() throws {
    #expect(throws: MemoryMapError.hotPluggableListFull(capacity: 1, needed: 2)) {
      try withNodes(
        usable: [(0, 0x4000)], [], hotPluggable: [(0, 0x1000), (0x2000, 0x3000)], listCapacity: 1
      ) { _ in }
    }
  }

  @Test func fullList_saysHowLargeItMustBe() throws {
    let affinities: [Affinity] = [(0, 0x1000, 0), (0x1000, 0x2000, 1), (0x2000, 0x3000, 0)]
    #expect(throws: MemoryMapError.affinityListFull(capacity: 1, needed: 3)) {
      try withNodes(usable: [(0, 0x4000)], affinities, listCapacity: 1) { _ in }
    }
  }

  // usable   UUUU....
  // nodes    11110000
  //          ....1111
  // Expect   1111....    whatever their order, where there is no memory nothing contradicts
  @Test func assign_entriesThatStartTogether() throws {
    for affinities in [
      [(0x4000, 0x6000, 0), (0x4000, 0x8000, 1), (0, 0x4000, 1)],
      [(0x4000, 0x8000, 1), (0, 0x4000, 1), (0x4000, 0x6000, 0)],
    ] as [[Affinity]] {
      try withNodes(usable: [(0, 0x4000)], affinities) { map in
        #expect(map.ranges().map { text($0) } == ["1:0-3"])
        #expect(map.conflictCount == 0)
      }
    }
  }

  // usable   UU....UU
  // nodes    ....00..
  //          ....1111
  // Expect   11....11    the larger one has the addresses, and what is nearest to them
  @Test func assign_entriesThatStartTogether_theLargerIsTheNearest() throws {
    for affinities in [
      [(0x4000, 0x6000, 0), (0x4000, 0x8000, 1)],
      [(0x4000, 0x8000, 1), (0x4000, 0x6000, 0)],
    ] as [[Affinity]] {
      try withNodes(usable: [(0, 0x2000), (0x6000, 0x8000)], affinities) { map in
        #expect(map.ranges().map { text($0) } == ["1:0-1", "1:6-7"])
        #expect(map.conflictCount == 0)
      }
    }
  }

  // nodes    0000....
  //          ....1111    adjoin
  //          .00.....    one node over itself
  @Test func assign_contradictsOnlyWhereNodesDiffer() throws {
    try withNodes(
      usable: [(0, 0x8000)], [(0, 0x4000, 0), (0x4000, 0x8000, 1), (0x1000, 0x3000, 0)]
    ) { map in
      #expect(map.ranges().map { text($0) } == ["0:0-3", "1:4-7"])
      #expect(map.conflictCount == 0)
    }
  }

  @Test func nodeCount_isThatOfTheHighestNode() throws {
    for (node, count) in [(0, 1), (1, 2), (7, 8)] {
      try withNodes(usable: [(0, 0x1000)], [(0, 0x1000, node)]) { #expect($0.nodeCount == count) }
      try withNodes(usable: [(0, 0x1000)], [(0, 0x1000, 0)], nodes: count) {
        #expect($0.nodeCount == count)
      }
    }
  }

  // A single byte, the first of its page, makes the page its node's.
  @Test func assign_entryOfOneByte() throws {
    #expect(try nodes([(0, 0x2000)], [(0, 1, 1), (1, 0x2000, 0)]) == "1:0-0 0:1-1")
    #expect(try nodes([(0, 0x2000)], [(0, 0x1001, 1), (1, 0x1002, 0)]) == "0:0-1")
  }
}
