import BootMemory
import BootPlan
import PhysicalMemory
import Testing

@Suite struct NodePlanTests {
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
}
