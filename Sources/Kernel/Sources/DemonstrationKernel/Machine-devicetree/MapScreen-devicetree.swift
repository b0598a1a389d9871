// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// The map on a text screen, which these machines do not have.
struct MapScreen {
  /// The map of all pages below `end`.
  init(of map: MemoryMap, end: PageFrame) {}

  /// Does nothing, as there is no screen to draw on.
  func draw(
    _ memory: borrowing BootMemory, _ owners: borrowing OwnerTable, on console: inout Console
  ) {}

  /// Does nothing, as there is no screen to update.
  func update(
    _ pages: PageRange, _ memory: borrowing BootMemory, _ owners: borrowing OwnerTable,
    on console: borrowing Console
  ) {}
}
#endif
