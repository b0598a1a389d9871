// SPDX-License-Identifier: MIT
import BootPlan
import PhysicalMemory
import Testing

@Suite struct BitmapPlacementTests {
  private func place(
    _ pageCount: UInt64, usable: [Range<UInt64>], held: [Range<UInt64>],
    window: Range<UInt64> = 0..<1000, spareWindow: Range<UInt64>? = nil,
    hotPluggable: [Range<UInt64>] = []
  ) throws -> PageRange? {
    let fixture = try PlanFixture(usable: usable)
    let owners = try fixture.owners(held.map { ($0, .kernelImage) })
    return BitmapPlacement.find(
      pageCount: pageCount, in: range(window), orIn: spareWindow.map { range($0) },
      of: fixture.map, avoiding: owners,
      sparing: try fixture.nodes([], hotPluggable: hotPluggable).hotPluggable)
  }

  @Test func find_behindTheHighestThingHeld() throws {
    #expect(
      try place(2, usable: [1..<100, 256..<900], held: [256..<300, 1..<4]) == range(300..<302))
  }

  @Test func find_highestThingOutsideUsableMemory_goesToTheNextUsable() throws {
    #expect(
      try place(2, usable: [1..<100, 256..<400, 500..<600], held: [390..<450]) == range(500..<502))
  }

  @Test func find_moduleAtTheTop_goesToTheLowestPlace() throws {
    #expect(
      try place(3, usable: [1..<100, 256..<400], held: [256..<300, 300..<400, 0..<2])
        == range(2..<5))
  }

  @Test func find_moduleAtTheTop_goesAroundWhatIsHeld() throws {
    #expect(
      try place(3, usable: [1..<20], held: [18..<20, 1..<2, 4..<6, 8..<9]) == range(9..<12))
  }

  @Test func find_gapOneTooSmall_isPassedOver() throws {
    #expect(try place(4, usable: [1..<4, 5..<9], held: []) == range(5..<9))
  }

  @Test func find_noRoom_isNil() throws {
    #expect(try place(5, usable: [1..<4, 5..<9], held: []) == nil)
  }

  @Test func find_onlyInTheWindow() throws {
    #expect(
      try place(2, usable: [1..<900], held: [850..<860], window: 100..<200) == range(100..<102))
    #expect(try place(2, usable: [1..<900], held: [199..<200], window: 198..<200) == nil)
  }

  @Test func find_noRoomInTheWindow_isInTheOtherOne() throws {
    #expect(
      try place(2, usable: [1..<900], held: [100..<200], window: 100..<200, spareWindow: 0..<900)
        == range(200..<202))
  }

  @Test func find_hotPluggableMemory_isPassedOver() throws {
    #expect(
      try place(2, usable: [1..<900], held: [1..<4], hotPluggable: [4..<64, 65..<100])
        == range(100..<102))
  }

  /// All behind what is held is hot-pluggable: in front of it other memory will do.
  @Test func find_hotPluggableMemoryBehindWhatIsHeld_goesInFrontOfIt() throws {
    #expect(
      try place(2, usable: [1..<900], held: [50..<60], hotPluggable: [40..<900]) == range(1..<3))
  }

  @Test func find_hotPluggableMemoryOnly_goesToTheOtherWindow() throws {
    #expect(
      try place(
        2, usable: [1..<900], held: [], window: 100..<200, spareWindow: 0..<900,
        hotPluggable: [90..<300]) == range(1..<3))
  }

  @Test func find_noOtherMemoryWillDo_isHotPluggable() throws {
    #expect(
      try place(
        2, usable: [1..<900], held: [], window: 100..<200, spareWindow: 0..<900,
        hotPluggable: [0..<1000]) == range(100..<102))
    #expect(
      try place(8, usable: [1..<9, 100..<200], held: [2..<3], hotPluggable: [90..<300])
        == range(100..<108))
  }
}
