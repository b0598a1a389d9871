// SPDX-License-Identifier: MIT
import BootPlan
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// In the drawings a column is a page: U is usable, H is held.
@Suite struct ReservationPlacementTests {
  private func place(
    _ byteCount: UInt64, alignment: UInt64 = 1, in window: Range<UInt64> = 0..<0x100,
    held: [Range<UInt64>] = []
  ) throws -> UInt64? {
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 2)
    defer { unsafe regions.deallocate() }
    let map = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 4)
    defer { unsafe map.deallocate() }
    let owners = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 8)
    defer { unsafe owners.deallocate() }
    var list = unsafe MemoryRegionList(storage: regions)
    // UUUUUUUU....UUUU
    list.append(start: 0, byteCount: 8 * PageFrame.byteCount, kind: .usable)
    list.append(
      start: PhysicalAddress(12 * PageFrame.byteCount), byteCount: 4 * PageFrame.byteCount,
      kind: .usable)
    var table = unsafe OwnerTable(storage: owners)
    for range in held {
      try table.add(PageRange(PageFrame(range.lowerBound)..<PageFrame(range.upperBound)), "holder")
    }
    let found = try ReservationPlacement.find(
      byteCount: byteCount, alignment: alignment,
      in: PageRange(PageFrame(window.lowerBound)..<PageFrame(window.upperBound)),
      of: unsafe MemoryMap(sanitizing: &list, storage: map), avoiding: table)
    #expect(found == nil || found?.byteCount == byteCount)
    return found?.start.pageFrame.number
  }

  private let page = PageFrame.byteCount

  @Test func find_isTheHighestPlace() throws {
    #expect(try place(page) == 15)
    #expect(try place(2 * page) == 14)
    // A page that is touched is taken as a whole.
    #expect(try place(page + 1) == 14)
    #expect(try place(4 * page) == 12)
    #expect(try place(5 * page) == 3)
    #expect(try place(8 * page) == 0)
    #expect(try place(9 * page) == nil)
    #expect(try place(.max) == nil)
  }

  @Test func find_keepsTheAlignment() throws {
    #expect(try place(page, alignment: 2 * page) == 14)
    #expect(try place(page, alignment: 4 * page) == 12)
    #expect(try place(page, alignment: 8 * page) == 0)
    #expect(try place(3 * page, alignment: 4 * page) == 12)
    #expect(try place(5 * page, alignment: 4 * page) == 0)
    #expect(try place(page, alignment: 1 << 63) == 0)
  }

  @Test func find_staysInTheWindow() throws {
    #expect(try place(page, in: 2..<5) == 4)
    #expect(try place(3 * page, in: 2..<5) == 2)
    #expect(try place(4 * page, in: 2..<5) == nil)
    #expect(try place(page, in: 8..<12) == nil)
    #expect(try place(page, alignment: 4 * page, in: 5..<13) == 12)
  }

  // held  .HH..H......H..H
  @Test func find_avoidsWhatIsHeld() throws {
    let held: [Range<UInt64>] = [1..<3, 5..<6, 12..<13, 15..<16]
    #expect(try place(page, held: held) == 14)
    #expect(try place(2 * page, held: held) == 13)
    #expect(try place(3 * page, held: held) == nil)
    #expect(try place(page, in: 0..<12, held: held) == 7)
    #expect(try place(2 * page, in: 0..<7, held: held) == 3)
  }
}
