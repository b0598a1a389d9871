// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

@Suite struct NodeRegisteringTests {
  @Test func setUpNode_freesUsableMemoryApartFromWhatIsHeld() throws {
    let fixture = try PlanFixture(usable: [0..<20, 30..<50])
    var owners = try fixture.owners([(0..<1, .firstPage), (32..<40, .kernelImage)])
    var memory = fixture.memory()
    let bitmap = try memory.setUpNode(
      NodeID(0), spanning: range(0..<50), of: fixture.map, owners: &owners)
    #expect(bitmap == range(40..<41))
    #expect(owners.owner(of: PageFrame(40)) == .bitmap(NodeID(0)))
    let free = (0..<50).filter { memory.isReserved(PageFrame($0)) == false }
    #expect(free == Array(1..<20) + [30, 31] + Array(41..<50))
    #expect(memory.freePageCount() == UInt64(free.count))
    #expect(memory.reservedPageCount(in: range(0..<50)) == UInt64(50 - free.count))
    #expect(memory.freePageCount(in: range(15..<31)) == 6)
    #expect(memory.reservedPageCount(in: range(15..<31)) == 10)
  }

  @Test func setUpNode_heldMemoryOutsideTheNode_isNoError() throws {
    let fixture = try PlanFixture(usable: [0..<20])
    var owners = try fixture.owners([(18..<90, .loader(.module(0)))])
    var memory = fixture.memory()
    try memory.setUpNode(NodeID(0), spanning: range(0..<20), of: fixture.map, owners: &owners)
    #expect(memory.isReserved(PageFrame(19)) == true)
    #expect(memory.isReserved(PageFrame(17)) == false)
  }

  @Test func setUpNode_noRoomForTheBitmap_throws() throws {
    let fixture = try PlanFixture(usable: [0..<20])
    var owners = try fixture.owners([(0..<20, .kernelImage)])
    var memory = fixture.memory()
    var thrown: BootPlanError?
    do throws(BootPlanError) {
      try memory.setUpNode(NodeID(0), spanning: range(0..<20), of: fixture.map, owners: &owners)
    } catch { thrown = error }
    #expect(thrown == .noRoomForBitmap(node: NodeID(0), pageCount: 1))
    #expect(owners.count == 1)
  }

  @Test func setUpNode_bitmapInAnotherNode_isReservedThere() throws {
    let fixture = try PlanFixture(usable: [0..<20, 40..<60])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    try memory.setUpNode(NodeID(0), spanning: range(0..<20), of: fixture.map, owners: &owners)
    let bitmap = try memory.setUpNode(
      NodeID(1), spanning: range(40..<60), of: fixture.map, bitmapIn: range(0..<20),
      owners: &owners)
    #expect(bitmap.end <= PageFrame(20))
    #expect(memory.isReserved(bitmap.start) == true)
    #expect(memory.freePageCount() == 38)
  }

  // usable   UUUUUUUU..UUUUUU
  // below 12 UUUUUUUU..UU
  @Test func setUpNode_below_leavesPagesOutOfReachAlone() throws {
    let fixture = try PlanFixture(usable: [0..<8, 10..<16])
    var owners = try fixture.owners([(11..<14, .kernelImage)])
    var memory = fixture.memory()
    let bitmap = try memory.setUpNode(
      NodeID(0), spanning: range(0..<16), of: fixture.map, bitmapIn: range(9..<16), below: 12,
      owners: &owners)
    #expect(bitmap == range(10..<11))
    #expect(memory.node(NodeID(0))?.span == range(0..<12))
    #expect(memory.freePageCount() == 8)
    #expect(throws: BootPlanError.noUsableMemory) {
      try memory.setUpNode(
        NodeID(1), spanning: range(12..<16), of: fixture.map, below: 12, owners: &owners)
    }
  }

  @Test func setUpNode_refusedByBootMemory_leavesTheOwnersAlone() throws {
    let fixture = try PlanFixture(usable: [0..<20])
    var owners = try fixture.owners([(0..<2, .kernelImage)])
    var memory = fixture.memory()
    #expect(throws: BootPlanError.bootMemory(.misuse(.noSuchNode(NodeID(9))))) {
      try memory.setUpNode(NodeID(9), spanning: range(0..<20), of: fixture.map, owners: &owners)
    }
    #expect(owners.count == 1)
  }

  // usable   UUUUUUUUUUUU
  // nodes    000011110000
  @Test func setUpNodes_eachStretchIsANode() throws {
    let fixture = try PlanFixture(usable: [0..<12])
    var owners = try fixture.owners([(0..<1, .firstPage), (5..<6, .kernelImage)])
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<4, 0), (4..<8, 1), (8..<12, 0)])
    let result = try memory.setUpNodes(nodes, below: 11, owners: &owners, reportingTo: &reports)
    #expect(result.nodeCount == 2 && reports.text == "")
    #expect(memory.node(NodeID(0))?.span == range(0..<4))
    #expect(memory.node(NodeID(1))?.span == range(4..<8))
    #expect(memory.node(NodeID(2))?.span == range(8..<11))
    // Pages 0 and 5 are held, and there is a bitmap behind what is held in each.
    let free = (0..<11).filter { memory.isReserved(PageFrame($0)) == false }
    #expect(free == [2, 3, 4, 7, 9, 10])
    #expect(owners.owner(of: 1) == .bitmap(NodeID(0)))
    #expect(owners.owner(of: 8) == .bitmap(NodeID(2)))
  }

  // usable   UUUUUUUU..UUUU
  // nodes    00000000..1111
  // held     ..........KKKK
  @Test func setUpNodes_noRoomInTheNode_bitmapLiesElsewhere() throws {
    let fixture = try PlanFixture(usable: [0..<8, 10..<14])
    var owners = try fixture.owners([(10..<14, .kernelImage)])
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<8, 0), (10..<14, 1)])
    try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    let bitmap = try #require(memory.node(NodeID(1))?.bitmapPages)
    #expect(range(0..<8).contains(bitmap))
    #expect(memory.isReserved(bitmap.start) == true)
    #expect(memory.freePageCount() == 6)
  }

  // usable   UUUUUUUUUUUU
  // nodes    000000111111
  // hot      ......HHHHHH
  @Test func setUpNodes_hotPluggableNode_bitmapLiesInOtherMemory() throws {
    let fixture = try PlanFixture(usable: [0..<12])
    var owners = try fixture.owners([(0..<1, .firstPage)])
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<6, 0), (6..<12, 1)], hotPluggable: [6..<12])
    try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(reports.text == "")
    #expect(owners.owner(of: 1) == .bitmap(NodeID(0)))
    #expect(owners.owner(of: 2) == .bitmap(NodeID(1)))
    #expect(memory.isReserved(2) == true)
    #expect(memory.freePageCount(on: NodeID(1)) == 6)
  }

  // usable   UUUUUU
  // hot      HHHHHH
  @Test func setUpNodes_hotPluggableMemoryOnly_bitmapLiesThereAndIsReported() throws {
    let fixture = try PlanFixture(usable: [0..<6])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([], hotPluggable: [0..<6])
    try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(
      reports.text
        == "nodes: the bitmap of node 0 lies in hot-pluggable memory, as there is no room "
        + "elsewhere\n")
    #expect(owners.owner(of: 0) == .bitmap(NodeID(0)))
  }

  // nodes    00110011001100   too many for the storage
  // hot      HHHHHHHHHHHH..
  @Test func setUpNodes_moreStretchesThanStorage_sparesHotPluggableMemory() throws {
    let fixture = try PlanFixture(usable: [0..<14])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes(
      [
        (0..<2, 0), (2..<4, 1), (4..<6, 0), (6..<8, 1), (8..<10, 0), (10..<12, 1), (12..<14, 0),
      ], hotPluggable: [0..<12])
    let result = try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(result.hotPluggable.count == 1)
    #expect(owners.owner(of: 12) == .bitmap(NodeID(0)))
  }

  @Test func setUpNode_sparesHotPluggableMemory() throws {
    let fixture = try PlanFixture(usable: [0..<20])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    let hotPluggable = try fixture.nodes([], hotPluggable: [0..<9]).hotPluggable
    let bitmap = try memory.setUpNode(
      NodeID(0), spanning: range(0..<20), of: fixture.map, sparing: hotPluggable, owners: &owners)
    #expect(bitmap == range(9..<10))
  }

  // nodes    00110011001100   five parts more than nodes, and storage for four numbers
  @Test func setUpNodes_moreStretchesThanStorage_areOneNodeAndReported() throws {
    let fixture = try PlanFixture(usable: [0..<14])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([
      (0..<2, 0), (2..<4, 1), (4..<6, 0), (6..<8, 1), (8..<10, 0), (10..<12, 1), (12..<14, 0),
    ])
    let result = try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(
      reports.text
        == "nodes: there is storage for 4, nodes and their parts need 7; "
        + "all memory is taken for one node\n")
    #expect(result.nodeCount == 1)
    #expect(memory.node(NodeID(0))?.span == range(0..<14))
    #expect(memory.node(NodeID(1))?.isRegistered == false)
    #expect(memory.freePageCount() == 13)
  }

  // Nodes without memory take numbers as well: 0 to 2, and one for the second part of node 2.
  @Test func setUpNodes_asManyNumbersAsStorage_areEnough() throws {
    let fixture = try PlanFixture(usable: [0..<12])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<4, 2), (4..<8, 1), (8..<12, 2)])
    try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(reports.text == "")
    #expect(memory.node(NodeID(0))?.isRegistered == false)
    #expect(memory.node(NodeID(3))?.span == range(8..<12))
  }

  @Test func setUpNodes_eachFurtherStretchHasANumberOfItsOwn() throws {
    let fixture = try PlanFixture(usable: [0..<16])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<4, 0), (4..<8, 1), (8..<12, 0), (12..<16, 1)])
    try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(memory.node(NodeID(2))?.span == range(8..<12))
    #expect(memory.node(NodeID(3))?.span == range(12..<16))
    #expect(reports.text == "")
  }

  @Test func setUpNodes_nodeOfOnePage_countsOnce() throws {
    let fixture = try PlanFixture(usable: [0..<16])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<4, 0), (4..<5, 1), (5..<9, 2), (9..<16, 3)])
    try memory.setUpNodes(nodes, below: .end, owners: &owners, reportingTo: &reports)
    #expect(memory.node(NodeID(1))?.span == range(4..<5))
    #expect(reports.text == "")
  }

  @Test func setUpNodes_roomBeyondReachOnly_throws() throws {
    let fixture = try PlanFixture(usable: [0..<8, 20..<30])
    var owners = try fixture.owners([(0..<8, .kernelImage)])
    var memory = fixture.memory()
    var reports = PrintedText()
    let nodes = try fixture.nodes([(0..<8, 0), (20..<30, 0)])
    #expect(throws: BootPlanError.noRoomForBitmap(node: NodeID(0), pageCount: 1)) {
      try memory.setUpNodes(nodes, below: 8, owners: &owners, reportingTo: &reports)
    }
  }

  /// The platform leaves it to the kernel to keep them.
  @Test func setUpNode_bitmapInAnotherNode_isReservedThereByTheOwners() throws {
    let fixture = try PlanFixture(usable: [0..<20, 40..<60])
    var owners = try fixture.owners()
    var memory = fixture.memory(keepsBitmapsReserved: false)
    try memory.setUpNode(NodeID(0), spanning: range(0..<20), of: fixture.map, owners: &owners)
    let bitmap = try memory.setUpNode(
      NodeID(1), spanning: range(40..<60), of: fixture.map, bitmapIn: range(0..<20),
      owners: &owners)
    #expect(memory.isReserved(bitmap.start) == true)
  }

  @Test func setUpNodes_noUsablePageWithinReach_throws() throws {
    let fixture = try PlanFixture(usable: [8..<12])
    var owners = try fixture.owners()
    var memory = fixture.memory()
    var reports = PrintedText()
    #expect(throws: BootPlanError.noUsableMemory) {
      try memory.setUpNodes(
        NodeMap(oneNodeOf: fixture.map), below: 8, owners: &owners, reportingTo: &reports)
    }
    #expect(owners.count == 0)
  }
}
