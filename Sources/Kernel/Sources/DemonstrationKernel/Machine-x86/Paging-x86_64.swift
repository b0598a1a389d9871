// SPDX-License-Identifier: MIT
#if arch(x86_64)
import Board
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// Entries of 64 bits.
struct PageEntries64: PageTableFormat {
  static var entryCount: Int { 512 }

  /// Bit 63 of an entry; 0 where the processor does not have it, and the entry code has not
  /// switched it on.
  private let noExecute: UInt64

  init() {
    var leaf = board_cpuid()
    let isThere = unsafe board_cpuid(0x8000_0001, &leaf) && leaf.edx & 1 << 20 != 0
    noExecute = isThere ? 1 << 63 : 0
  }

  func flags(_ access: PageAccess) -> UInt64 {
    switch access {
    case .none: 0
    case .read: 0x01 | noExecute
    case .readAndExecute: 0x01
    case .readAndWrite: 0x03 | noExecute
    }
  }
}

/// Address translation on x86_64: memory mapped to itself (Intel SDM volume 3, 4.5), the first 4
/// GiB as a whole, the rest where it is usable.
///
/// The tables of the first 4 GiB are part of the image.  Those for the rest come from a boot memory
/// that knows only those 4 GiB, and gives way to the one that knows all memory.
package enum Paging {
  static let processorName: StaticString = "x86_64"

  /// An address in memory that is neither the kernel's nor ever usable: the BIOS's.
  static var unusableAddress: UInt { 0xf_0000 }

  private typealias Tables = PageTables<PageEntries64>

  /// The page behind the first 4 GiB, which are mapped on entry, and where loaders and firmware
  /// leave their data.
  static var firmwareEnd: PageFrame { PageFrame(1 << 20) }

  private static let addressMask: UInt64 = 0x000f_ffff_ffff_f000
  private static let gibibytePageShift: UInt64 = 18
  private static let entryCount = PageEntries64.entryCount
  private static let largePageShift: UInt64 = 9

  /// The page behind the last one that can be mapped to itself: what the processor has address
  /// lines for, and at most the lower half of the virtual addresses of four-level paging.
  package static var reach: PageFrame {
    var leaf = board_cpuid()
    guard unsafe board_cpuid(0x8000_0008, &leaf) else { return PageFrame(1 << (36 - 12)) }
    return PageFrame(1 << UInt64(min(leaf.eax & 0xff, 47) - 12))
  }

  private static var hasGibibytePages: Bool {
    var leaf = board_cpuid()
    return unsafe board_cpuid(0x8000_0001, &leaf) && leaf.edx & 1 << 26 != 0
  }

  /// All that is mapped on entry: firmware and loader leave their data anywhere in it.
  private static var readable: PageRange { PageRange(below: firmwareEnd) }

  /// Maps the first 4 GiB: only the kernel's own variables and `devices` can be written, only its
  /// code can be executed, and neither a nil pointer nor a stack that runs over reaches any memory.
  ///
  /// - Returns: The address at which page 0 can be read.
  static func protect(devices: PageRange) -> UInt {
    _ = Tables().fill(
      for: MemoryProtection(
        devices: devices, readable: readable))
    return board_first_page_window()
  }

  /// Maps the usable memory of `map` for writing.
  ///
  /// - Parameters:
  ///   - node: Storage for a node, needed only here.
  ///   - owners: The held ranges with their owners; the tables are added.
  /// - Returns: The number of large pages below 4 GiB that are writable though only partly usable.
  static func mapUsableMemory(
    of map: MemoryMap, devices: PageRange, node: UnsafeMutableBufferPointer<BootMemoryNode>,
    owners: inout OwnerTable
  ) throws(KernelError) -> UInt64 {
    var protection = MemoryProtection(
      devices: devices, readable: readable, map: map)
    let coarseCount = Tables().fill(for: protection)
    guard let low = PageRange(start: PageFrame(0), end: firmwareEnd),
      let high = PageRange(start: firmwareEnd, end: reach)
    else { return coarseCount }
    var tableCount: UInt64 = 0
    forEachGibibyte(of: map, in: high) { gibibyte, isFirstOfTable in
      tableCount += (isFirstOfTable ? 1 : 0) + (isOnePage(gibibyte, of: map) ? 0 : 1)
    }
    let start = unsafe try PageTableMemory.allocate(
      tableCount, of: map, in: low, node: node, owners: &owners)
    fill(from: start.rawValue, for: map, in: high)
    protection.tables = PageRange(start: start.pageFrame, pageCount: tableCount)
    return tableCount == 0 ? coarseCount : Tables().fill(for: protection)
  }

  /// Fills the tables from `start` on, in the order in which they were counted.
  private static func fill(from start: UInt64, for map: MemoryMap, in high: PageRange) {
    let root = unsafe entries(at: UInt64(board_boot_page_root()))
    let largePage = PageEntries64().flags(.readAndWrite) | Tables.isLarge
    var next = start
    board_protect_read_only_pages(false)
    forEachGibibyte(of: map, in: high) { gibibyte, isFirstOfTable in
      let slot = Int(gibibyte) / entryCount
      if isFirstOfTable {
        unsafe root[slot] = next | Tables.isTable
        next += PageFrame.byteCount
      }
      let table = unsafe entries(at: root[slot] & addressMask)
      if isOnePage(gibibyte, of: map) {
        unsafe table[Int(gibibyte) % entryCount] = gibibyte << 30 | largePage
        return
      }
      let directory = unsafe entries(at: next)
      for index in 0..<entryCount {
        let page = gibibyte << gibibytePageShift + UInt64(index) << largePageShift
        let pages = PageRange(start: PageFrame(page), pageCount: 1 << largePageShift)
        let isUsable = pages.map { map.usablePageCount(in: $0) > 0 } ?? false
        unsafe directory[index] = isUsable ? page << PageFrame.byteCountShift | largePage : 0
      }
      unsafe table[Int(gibibyte) % entryCount] = next | Tables.isTable
      next += PageFrame.byteCount
    }
    board_protect_read_only_pages(true)
  }

  /// Whether a GiB is mapped by one entry: all of it is usable, and the processor supports it.
  private static func isOnePage(_ gibibyte: UInt64, of map: MemoryMap) -> Bool {
    let pages = PageRange(
      start: PageFrame(gibibyte << gibibytePageShift), pageCount: 1 << gibibytePageShift)
    guard let pages, hasGibibytePages else { return false }
    return map.usablePageCount(in: pages) == pages.pageCount
  }

  /// Visits each GiB of `window` with usable memory in it, in ascending order, and says whether it
  /// is the first that needs its table of 512 GiB.  The first such table is there already.
  private static func forEachGibibyte(
    of map: MemoryMap, in window: PageRange, _ body: (UInt64, Bool) -> Void
  ) {
    var next: UInt64 = 0
    var currentTable: UInt64 = 0
    var ranges = map.usablePages(in: window)
    while let pages = ranges.next() {
      let first = max(pages.start.number >> gibibytePageShift, next)
      let end = (pages.end.number - 1) >> gibibytePageShift + 1
      guard first < end else { continue }
      for gibibyte in first..<end {
        let table = gibibyte / UInt64(entryCount)
        body(gibibyte, table != currentTable)
        currentTable = table
      }
      next = end
    }
  }

  /// A page table: all of them lie in the first 4 GiB, mapped to themselves.
  private static func entries(at address: UInt64) -> UnsafeMutableBufferPointer<UInt64> {
    unsafe UnsafeMutableBufferPointer(
      start: UnsafeMutablePointer(bitPattern: UInt(address)), count: entryCount)
  }
}
#endif
