// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// What a person reads of each error, and of each owner.
@Suite struct ErrorTextTests {
  private static let errors: [(BootPlanError, String)] = [
    (
      .ownerTableFull(capacity: 16),
      "table of owners is full: it holds 16 ranges and has to hold more"
    ),
    (
      .noRoomForBitmap(node: NodeID(2), pageCount: 33),
      "no room for the bitmap of node 2, which needs 33 free pages in a row"
    ),
    (.noUsableMemory, "the memory map has no usable page within reach"),
    (
      .bootMemory(.alreadyReserved(PageFrame(0x1f0))), "page 0x1f0 is reserved already"
    ),
  ]

  @Test(arguments: errors)
  func error_namesTheValues(error: BootPlanError, text: String) {
    var printed = PrintedText()
    error.write(to: &printed)
    #expect(printed.text == text)
  }

  private static let owners: [(MemoryOwner, String)] = [
    (.firstPage, "page 0"), (.biosData, "BIOS data area"),
    (.extendedBIOSData, "extended BIOS data area"), (.kernelImage, "kernel image"),
    (.bootStack, "boot stack"), (.loader(.module(3)), "module 3"), (.acpiTables, "ACPI tables"),
    (.bitmap(NodeID(12)), "bitmap of node 12"), (.pageTables, "page tables"),
    (.badMemory, "bad memory"),
  ]

  @Test(arguments: owners)
  func owner_hasAName(owner: MemoryOwner, text: String) {
    var printed = PrintedText()
    owner.write(to: &printed)
    #expect(printed.text == text)
  }
}
