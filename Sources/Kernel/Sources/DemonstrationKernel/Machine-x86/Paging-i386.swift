// SPDX-License-Identifier: MIT
#if arch(i386)
import Board
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// Entries of 32 bits, which cannot forbid execution.
struct PageEntries32: PageTableFormat {
  static var entryCount: Int { 1024 }

  func flags(_ access: PageAccess) -> UInt32 {
    switch access {
    case .none: 0
    case .read, .readAndExecute: 0x01
    case .readAndWrite: 0x03
    }
  }
}

/// Address translation on i386: every address that there is, mapped to itself.
package enum Paging {
  static let processorName: StaticString = "i386"

  /// An address in memory that is neither the kernel's nor ever usable: the BIOS's.
  static var unusableAddress: UInt { 0xf_0000 }

  /// The page behind the last one that the processor reaches.
  package static var reach: PageFrame { PageFrame(1 << 20) }

  /// The page behind the last one that is mapped on entry, where loaders and firmware leave their data.
  static var firmwareEnd: PageFrame { reach }

  /// Everything: firmware and loader leave their data anywhere.
  private static var readable: PageRange { PageRange(below: firmwareEnd) }

  /// Turns paging on: only the kernel's own variables and `devices` can be written, and neither a nil
  /// pointer nor a stack that runs over reaches any memory.
  ///
  /// Nothing changes on a processor without 4 MiB pages.
  ///
  /// - Returns: The address at which page 0 can be read.
  static func protect(devices: PageRange) -> UInt {
    _ = PageTables<PageEntries32>().fill(
      for: MemoryProtection(
        devices: devices, readable: readable))
    return board_enable_paging(board_boot_page_directories()) ? board_first_page_window() : 0
  }

  /// Lets usable memory be written.
  ///
  /// - Returns: The number of large pages that are writable though only partly usable.
  static func mapUsableMemory(
    of map: MemoryMap, devices: PageRange, node: UnsafeMutableBufferPointer<BootMemoryNode>,
    owners: inout OwnerTable
  ) throws(KernelError) -> UInt64 {
    PageTables<PageEntries32>().fill(
      for: MemoryProtection(
        devices: devices, readable: readable, map: map))
  }
}
#endif
