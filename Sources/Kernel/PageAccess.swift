#if hasFeature(Embedded)
import Board
import MemoryMap
import PhysicalMemory

/// What the processor is to let the kernel do with a page.  Nothing is both written and executed.
enum PageAccess {
  case none
  case read
  case readAndExecute
  case readAndWrite
}

/// Which access each page gets: the kernel's code is executed; its variables, usable memory and the
/// memory of devices that it writes to are written; everything else is only read.
struct MemoryProtection {
  /// The memory of devices that the kernel writes to.
  let devices: PageRange

  /// The machine's memory; nil before it is known, when nothing is usable.
  var map: MemoryMap?

  /// Usable memory that page tables took, which are changed only by switching the protection off.
  var tables: PageRange?

  /// The access to a page.
  func access(to page: PageFrame) -> PageAccess {
    if page == PageFrame(0) || page == Self.stackGuard { return .none }
    if devices.contains(page) { return .readAndWrite }
    if Self.image.contains(page) { return Self.accessInImage(to: page) }
    if let tables, tables.contains(page) { return .read }
    guard let one = PageRange(start: page, pageCount: 1) else { return .none }
    return usablePageCount(in: one) == 1 ? .readAndWrite : .read
  }

  /// The access that all of `pages` get; nil where they differ.
  ///
  /// - Complexity: O(regions of the map).
  func uniformAccess(to pages: PageRange) -> PageAccess? {
    guard !pages.contains(PageFrame(0)), !devices.overlaps(pages), !Self.image.overlaps(pages)
    else { return nil }
    if let tables, tables.overlaps(pages) { return tables.contains(pages) ? .read : nil }
    let usable = usablePageCount(in: pages)
    return usable == 0 ? .read : usable == pages.pageCount ? .readAndWrite : nil
  }

  private func usablePageCount(in pages: PageRange) -> UInt64 {
    map?.usablePageCount(in: pages) ?? 0
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

  /// The page below the stack, so that a stack that runs over traps.
  static var stackGuard: PageFrame { frame(board_boot_stack_guard()) }

  private static var image: PageRange {
    let pages = PageRange(
      start: frame(board_image_start()), end: frame(board_image_end() + PageFrame.lastOffset))
    guard let pages else { fatalError("the linker script puts the image's end before its start") }
    return pages
  }

  private static func frame(_ address: UInt) -> PageFrame {
    PhysicalAddress(UInt64(address)).pageFrame
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
#endif
