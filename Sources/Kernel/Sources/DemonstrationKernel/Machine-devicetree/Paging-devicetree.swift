// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Board
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// Address translation: usable memory, mapped to itself, and nothing else.
///
/// Memory that must not be mapped (`no-map`) is left out, since processors read ahead
/// speculatively.
package enum Paging {
  static var processorName: StaticString { PageEntries.processorName }

  private typealias Tables = PageTables<PageEntries>

  /// The page behind the last one that can be mapped to itself.
  package static var reach: PageFrame { PageEntries.reach }

  /// The GiB with the kernel in it, which is mapped on entry, and where the loader leaves the tree.
  static var firmwareWindow: PageRange {
    let gibibyte = UInt64(board_image_start()) >> 30
    let pageCount: UInt64 = 1 << (30 - PageFrame.byteCountShift)
    guard let pages = PageRange(start: PageFrame(gibibyte * pageCount), pageCount: pageCount) else {
      fatalError("the kernel lies beyond the address space")
    }
    return pages
  }

  /// The page behind ``firmwareWindow``.
  static var firmwareEnd: PageFrame { firmwareWindow.end }

  /// An address that is not mapped until usable memory is: just below the window's end.
  static var unusableAddress: UInt {
    UInt(firmwareEnd.number << PageFrame.byteCountShift) - 2
  }

  /// The most tables that two ranges of pages, which end anywhere, can need beyond those of one:
  /// one on each side, for each level below the root.
  private static let spareTableCount: UInt64 = 6

  /// Maps the kernel, `devices`, and what is `readable`: only the kernel's own variables and devices
  /// can be written, only its code can be executed, and neither a nil pointer nor a stack that runs
  /// over reaches any memory.
  static func protect(devices: PageRange, readable: PageRange) {
    let protection = MemoryProtection(devices: devices, readable: readable)
    let room = (board_boot_page_tables_end() - board_boot_page_tables()) / UInt(PageFrame.byteCount)
    // The image lies in 4 MiB, the tree has 2 MiB at most, and the device a page or a few.
    precondition(Tables(for: protection).count <= UInt64(room))
    let start = PhysicalAddress(UInt64(board_boot_page_tables()))
    _ = Tables(for: protection, at: start.pageFrame)
    board_set_page_tables(board_boot_page_tables())
    unsafe hasMappedDevices = true
  }

  nonisolated(unsafe) private static var hasMappedDevices = false

  /// Goes back to the first tables, in which kernel and devices are mapped, as later tables may be the
  /// cause of the trap.
  static func mapForTrapReport() {
    if unsafe hasMappedDevices { board_set_page_tables(board_boot_page_tables()) }
  }

  /// Maps the usable memory of `map` for writing, and no longer what was only readable.
  ///
  /// - Parameters:
  ///   - node: Storage for a node, needed only here.
  ///   - owners: The held ranges with their owners; the tables are added.
  /// - Returns: The number of large pages that are writable though only partly usable: 0.
  static func mapUsableMemory(
    of map: MemoryMap, devices: PageRange, node: UnsafeMutableBufferPointer<BootMemoryNode>,
    owners: inout OwnerTable
  ) throws(KernelError) -> UInt64 {
    guard let nothing = PageRange(start: PageFrame(0), pageCount: 0),
      map.usablePageCount(below: reach) > 0
    else { return 0 }
    var protection = MemoryProtection(devices: devices, readable: nothing, map: map)
    let count = Tables(for: protection).count + spareTableCount
    // The window's memory is written through the tables of the entry code, which do not map
    // devices: no text may be written until other tables are set.
    board_set_page_tables(board_boot_page_root())
    let start: PhysicalAddress
    do throws(KernelError) {
      start = unsafe try PageTableMemory.allocate(
        count, of: map, in: firmwareWindow, node: node, owners: &owners)
    } catch {
      board_set_page_tables(board_boot_page_tables())
      throw error
    }
    protection.tables = PageRange(start: start.pageFrame, pageCount: count)
    _ = Tables(for: protection, at: start.pageFrame)
    board_set_page_tables(UInt(start.rawValue))
    return 0
  }
}
#endif
