// SPDX-License-Identifier: MIT
import Board
import MemoryMap
import PhysicalMemory

/// What the processor lets the kernel do with a page.  No page is both writable and executable.
enum PageAccess {
  case none
  case read
  case readAndExecute
  case readAndWrite
}

/// Which access each page gets: the kernel's code is executed; its variables, usable memory and the
/// memory of devices that it writes to are written; what firmware and loader left is only read.
struct MemoryProtection {
  /// The memory of devices that the kernel writes to.
  let devices: PageRange

  /// What else may be read.
  let readable: PageRange

  /// The machine's memory; nil before it is known, when nothing is usable.
  let map: MemoryMap?

  /// Usable memory that page tables took, which are changed only by switching the protection off.
  var tables: PageRange?

  private let image = Self.imagePages

  /// Without a map nothing is usable.
  init(devices: PageRange, readable: PageRange, map: MemoryMap? = nil) {
    self.devices = devices
    self.readable = readable
    self.map = map
  }

  /// The access that all of `pages` get; nil where they differ.
  ///
  /// - Parameter usable: The first usable range that ends above the start of `pages`.
  func access(to pages: PageRange, _ usable: PageRange?) -> PageAccess? {
    if pages.contains(PageFrame(0)) || devices.overlaps(pages) || image.overlaps(pages) {
      return pages.pageCount == 1 ? fixedAccess(to: pages.start) : nil
    }
    if let tables, tables.overlaps(pages) { return tables.contains(pages) ? .read : nil }
    guard let usable, usable.start < pages.end else {
      if readable.contains(pages) { return .read }
      return readable.overlaps(pages) ? nil : PageAccess.none
    }
    return usable.contains(pages) ? .readAndWrite : nil
  }

  private func fixedAccess(to page: PageFrame) -> PageAccess {
    if page == PageFrame(0) || Self.isStackGuard(page) { return .none }
    return devices.contains(page) ? .readAndWrite : Self.accessInImage(to: page)
  }

  private static func accessInImage(to page: PageFrame) -> PageAccess {
    // The sections begin on page borders, in this order.
    if page < frame(board_image_text_start()) { return .read }
    if page < frame(board_image_text_end() + PageFrame.lastOffset) { return .readAndExecute }
    if page < frame(board_image_read_only_end() + PageFrame.lastOffset) { return .read }
    if page < frame(board_page_tables_start()) || page >= frame(board_page_tables_end()) {
      return .readAndWrite
    }
    return .read
  }

  /// Whether `page` is the one below a stack, so that a stack that runs over traps.
  private static func isStackGuard(_ page: PageFrame) -> Bool {
    page == frame(board_boot_stack_guard()) || page == frame(board_trap_stack_guard())
  }

  /// The pages of the kernel's image, its stacks included.
  static var imagePages: PageRange {
    let pages = PageRange(
      start: frame(board_image_start()), end: frame(board_image_end() + PageFrame.lastOffset))
    guard let pages else { fatalError("the linker script puts the image's end before its start") }
    return pages
  }

  private static func frame(_ address: UInt) -> PageFrame {
    PhysicalAddress(UInt64(address)).pageFrame
  }
}

/// Walks over the usable ranges of a map, along with a walk over all pages in ascending order.
struct UsableWalk {
  private var ranges: UsablePageRanges?
  private var range: PageRange?

  /// Starts in front of page 0.  Without a map nothing is usable.
  init(_ map: MemoryMap?) {
    ranges = map?.usablePages()
    range = ranges?.next()
  }

  /// The first range that ends above `page`, which is not below that of an earlier call.
  mutating func first(endingAbove page: PageFrame) -> PageRange? {
    while let found = range, found.end <= page { range = ranges?.next() }
    return range
  }
}

extension MemoryMap {
  /// The number of usable pages in `window`.
  ///
  /// - Complexity: O(n).
  func usablePageCount(in window: PageRange) -> UInt64 {
    var count: UInt64 = 0
    var ranges = usablePages(in: window)
    // Disjoint ranges hold at most 2^52 pages together.
    while let pages = ranges.next() { count += pages.pageCount }
    return count
  }
}

extension PageFrame {
  /// What rounds an address up to a page: the offset of a page's last byte.
  fileprivate static var lastOffset: UInt { UInt(byteCount) - 1 }
}
