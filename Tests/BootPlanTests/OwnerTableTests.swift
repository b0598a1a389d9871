// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import Testing

@Suite struct OwnerTableTests {
  @Test func owner_isTheOneAddedFirst() throws {
    let fixture = try PlanFixture(usable: [])
    let owners = try fixture.owners([(4..<6, .kernelImage), (5..<9, .bootStack)])
    #expect(owners.owner(of: PageFrame(5)) == .kernelImage)
    #expect(owners.owner(of: PageFrame(6)) == .bootStack)
    #expect(owners.owner(of: PageFrame(9)) == nil)
    #expect(owners.owner(of: PageFrame(3)) == nil)
  }

  @Test func owner_holdsPagesThatARangeTouches() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners()
    let bytes = try #require(AddressRange(start: PhysicalAddress(0x1fff), byteCount: 2))
    try owners.add(bytes, .loader(.commandLine))
    #expect(owners.owner(of: PageFrame(1)) == .loader(.commandLine))
    #expect(owners.owner(of: PageFrame(2)) == .loader(.commandLine))
    #expect(owners.owner(of: PageFrame(3)) == nil)
  }

  @Test func add_emptyRange_isLeftOut() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners()
    try owners.add(#require(AddressRange(start: PhysicalAddress(8), byteCount: 0)), .biosData)
    #expect(owners.count == 0)
  }

  @Test func note_emptyRange_isLeftOut() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners()
    owners.note(OwnedRange(range: AddressRange(0x8..<0x8), owner: .biosData))
    #expect(owners.count == 0 && owners.leftOutCount == 0)
  }

  @Test func add_emptyRange_toAFullTable_isNoError() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([(1..<2, .kernelImage)], capacity: 1)
    try owners.add(#require(AddressRange(start: PhysicalAddress(8), byteCount: 0)), .biosData)
    #expect(owners.count == 1 && owners.leftOutCount == 0)
  }

  @Test func add_fullTable_throwsAndKeepsWhatIsThere() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([(1..<2, .kernelImage)], capacity: 1)
    var thrown: BootPlanError?
    do throws(BootPlanError) { try owners.add(range(2..<3), .bootStack) } catch { thrown = error }
    #expect(thrown == .ownerTableFull(capacity: 1))
    #expect(owners.count == 1)
    #expect(owners.owner(of: PageFrame(2)) == nil)
  }

  @Test func highestEnd_countsOnlyWhatLiesInTheWindow() throws {
    let fixture = try PlanFixture(usable: [])
    let owners = try fixture.owners([(4..<6, .kernelImage), (90..<120, .bootStack)])
    #expect(owners.highestEnd(in: range(0..<50)) == PageFrame(6))
    #expect(owners.highestEnd(in: range(0..<100)) == PageFrame(100))
    #expect(owners.highestEnd(in: range(10..<50)) == PageFrame(10))
  }

  @Test func addContentsOf_takesEveryRange() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([(0..<1, .firstPage)])
    let storage = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 4)
    defer { unsafe storage.deallocate() }
    var list = unsafe OwnedRangeList(storage: storage)
    list.append(AddressRange(0x1000..<0x2000), .module(0))
    list.append(AddressRange(0x3000..<0x4000), .acpiTables)
    try owners.add(contentsOf: list)
    #expect(owners.count == 3)
    #expect(owners.owner(of: 1) == .loader(.module(0)) && owners.owner(of: 3) == .acpiTables)
  }

  @Test func removeLast_takesTheLastRangeOut() throws {
    let fixture = try PlanFixture(usable: [])
    var owners = try fixture.owners([(4..<6, .kernelImage), (7..<9, .bootStack)])
    owners.removeLast()
    #expect(owners.count == 1 && owners.owner(of: 7) == nil)
  }
}
