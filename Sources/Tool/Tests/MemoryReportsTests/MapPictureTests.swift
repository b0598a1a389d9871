// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import Testing

import MemoryReports

@Suite struct MapPictureTests {
  private func region(_ start: UInt64, _ byteCount: UInt64, _ kind: MemoryKind) -> MemoryRegion {
    MemoryRegion(
      range: AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount), kind: kind)
  }

  private func text(_ picture: MapPicture) -> [String] {
    picture.rows.map { row in
      (row.followsGap ? "…" : "") + String(row.start.rawValue, radix: 16) + " "
        + String(row.cells.map(\.character))
        + (row.repeatCount > 0 ? " and \(row.repeatCount)" : "")
    }
  }

  @Test func cells_showTheKindsInTheirStretch() {
    let picture = MapPicture(
      [region(0, 0x2000, .usable), region(0x2000, 0x1000, .reserved)], columnCount: 4,
      maximumRowCount: 4)
    #expect(picture.stretchByteCount == 0x1000)
    #expect(text(picture) == ["0 ..#-"])
  }

  @Test func stretches_growUntilThePictureFits() {
    let picture = MapPicture(
      [region(0, 0x2000, .usable), region(0x3000, 0x1000, .acpiReclaimable)], columnCount: 2,
      maximumRowCount: 1)
    #expect(picture.stretchByteCount == 0x2000)
    #expect(text(picture) == ["0 .a"])
    let mixed = MapPicture(
      [region(0, 0x3000, .usable), region(0x3000, 0x1000, .unusable)], columnCount: 1,
      maximumRowCount: 1)
    #expect(text(mixed) == ["0 +"])
  }

  @Test func emptyRows_areLeftOut() {
    let picture = MapPicture(
      [region(0, 0x1000, .usable), region(0xffff_f000, 0x1000, .reserved)], columnCount: 2,
      maximumRowCount: 2)
    #expect(picture.stretchByteCount == 0x1000)
    #expect(text(picture) == ["0 .-", "…ffffe000 -#"])
  }

  @Test func equalRows_areFoldedFromThreeOn() {
    let regions = [region(0, 0x5000, .usable), region(0x5000, 0x2000, .reserved)]
    let picture = MapPicture(regions, columnCount: 1, maximumRowCount: 8)
    #expect(text(picture) == ["0 . and 4", "5000 #", "6000 #"])
    let bordered = MapPicture(
      regions, columnCount: 1, maximumRowCount: 8, borders: [PhysicalAddress(0x1000)])
    #expect(text(bordered) == ["0 .", "1000 .", "2000 . and 2", "5000 #", "6000 #"])
    let top = MapPicture(
      [region(0, .max, .usable)], columnCount: 4, maximumRowCount: 1,
      borders: [PhysicalAddress(.max)])
    #expect(text(top) == ["0 ...."])
  }

  @Test func topOfTheAddressSpace_isDrawn() {
    let picture = MapPicture(
      [region(0, 0x1000, .usable), region(.max - 0xfff, 0x1000, .reserved)], columnCount: 2,
      maximumRowCount: 1)
    #expect(text(picture) == ["0 .#"])
    let whole = MapPicture([region(0, .max, .usable)], columnCount: 4, maximumRowCount: 2)
    #expect(text(whole) == ["0 ....", "8000000000000000 ...."])
  }

  @Test func picturesBelowAnAddress_endThere() {
    let picture = MapPicture(
      [region(0, 0x10000, .usable)], below: PhysicalAddress(0x2000), columnCount: 2,
      maximumRowCount: 4)
    #expect(text(picture) == ["0 .."])
  }

  @Test func noMemory_isNoRow() {
    #expect(MapPicture([], columnCount: 4, maximumRowCount: 1).rows.isEmpty)
  }
}
