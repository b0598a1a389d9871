// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Board
import PhysicalMemory

/// A processor's format of page tables (Intel SDM volume 3, chapter 4).
protocol PageTableFormat {
  associatedtype Entry: FixedWidthInteger & UnsignedInteger

  /// The number of entries in a table, and so of pages in a large page.
  static var entryCount: Int { get }

  /// The format as this processor has it.
  init()

  /// The bits of an entry that allow `access`; 0 for none.
  func flags(_ access: PageAccess) -> Entry
}

extension PageRange {
  /// The pages from page 0 on.
  init(below end: PageFrame) {
    guard let pages = PageRange(start: PageFrame(0), end: end) else {
      fatalError("no page lies below page 0")
    }
    self = pages
  }
}

/// The tables that map the first 4 GiB to themselves: directories of large pages, and tables of small
/// ones where the access to them differs.
struct PageTables<Format: PageTableFormat> {
  /// Bit 7 of an entry of a directory: a large page, not a table.
  static var isLarge: Format.Entry { 0x80 }

  /// The bits of a table's entry in a directory, present and writable: its own entries decide.
  static var isTable: Format.Entry { 0x03 }

  private let format = Format()

  /// Maps everything as `protection` says.
  ///
  /// - Returns: The number of large pages whose pages differ in access but had to be mapped as a
  ///   whole, writable, as no table was left.
  func fill(for protection: MemoryProtection) -> UInt64 {
    board_protect_read_only_pages(false)
    defer {
      board_protect_read_only_pages(true)
      board_reload_page_tables()
    }
    let directory = unsafe Self.entries(
      from: board_boot_page_directories(), to: board_boot_page_directories_end())
    var table = board_boot_page_tables()
    var coarseCount: UInt64 = 0
    var usable = UsableWalk(protection.map)
    let step = UInt64(Format.entryCount)
    for index in 0..<directory.count {
      let start = UInt64(index) * step
      guard let pages = PageRange(start: PageFrame(start), pageCount: step) else { continue }
      var access = protection.access(to: pages, usable.first(endingAbove: pages.start))
      if access == nil, table < board_boot_page_tables_end() {
        let next = table + UInt(PageFrame.byteCount)
        unsafe fill(
          Self.entries(from: table, to: next), from: start, for: protection, &usable)
        unsafe directory[index] = Format.Entry(table) | Self.isTable
        table = next
        continue
      }
      if access == nil {
        access = .readAndWrite
        coarseCount += 1
      }
      unsafe directory[index] = entry(start, access ?? .none) | Self.isLarge
    }
    return coarseCount
  }

  private func fill(
    _ table: UnsafeMutableBufferPointer<Format.Entry>, from start: UInt64,
    for protection: MemoryProtection, _ usable: inout UsableWalk
  ) {
    let window = PhysicalAddress(UInt64(board_first_page_window())).pageFrame.number
    for index in 0..<table.count {
      let page = start + UInt64(index)
      guard let one = PageRange(start: PageFrame(page), pageCount: 1) else { continue }
      let access = protection.access(to: one, usable.first(endingAbove: one.start))
      // A single page has one access.
      unsafe table[index] = entry(page == window ? 0 : page, access ?? .none)
    }
  }

  /// The entry of a page below 4 GiB.
  private func entry(_ page: UInt64, _ access: PageAccess) -> Format.Entry {
    let flags = format.flags(access)
    return flags == 0 ? 0 : Format.Entry(page << PageFrame.byteCountShift) | flags
  }

  private static func entries(
    from start: UInt, to end: UInt
  ) -> UnsafeMutableBufferPointer<Format.Entry> {
    unsafe UnsafeMutableBufferPointer(
      start: UnsafeMutablePointer(bitPattern: start),
      count: Int(end - start) / MemoryLayout<Format.Entry>.stride)
  }
}
#endif
