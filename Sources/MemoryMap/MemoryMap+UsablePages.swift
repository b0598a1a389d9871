// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The memory of a map that a kernel can use, in pages.
extension MemoryMap {
  /// The page frame just past the last usable page; 0 if there is none.
  ///
  /// - Complexity: O(n).
  public var usableEnd: PageFrame {
    var end = PageFrame(0)
    var ranges = usablePages()
    while let pages = ranges.next() { end = pages.end }
    return end
  }

  /// The ranges of usable pages in ascending order, clipped to `window`.
  public func usablePages(in window: PageRange) -> UsablePageRanges {
    UsablePageRanges(self, window: window)
  }

  /// The ranges of usable pages in ascending order, clipped to the pages below `limit`.
  public func usablePages(below limit: PageFrame = .end) -> UsablePageRanges {
    UsablePageRanges(self, window: PageRange(0..<limit))
  }

  /// Whether every page of `pages` is usable; true for an empty range.
  ///
  /// - Complexity: O(log n + k) for k regions in `pages`.
  public func hasUsable(_ pages: PageRange) -> Bool {
    // Ranges of usable pages do not touch, so consecutive pages lie in one of them.
    var ranges = usablePages(in: pages)
    return pages.isEmpty || ranges.next() == pages
  }

  /// Whether `range` touches a usable page.
  ///
  /// - Complexity: O(log n + k) for k regions in the range.
  func hasUsablePage(in range: AddressRange) -> Bool {
    var ranges = usablePages(in: range.touchedPages)
    return ranges.next() != nil
  }

  /// The number of usable pages below `limit`.
  ///
  /// - Complexity: O(n).
  public func usablePageCount(below limit: PageFrame = .end) -> UInt64 {
    var count: UInt64 = 0
    // Disjoint ranges hold at most 2^52 pages together.
    var ranges = usablePages(below: limit)
    while let pages = ranges.next() { count &+= pages.pageCount }
    return count
  }

  /// The number of usable pages at or above `limit`: memory that a kernel limited to lower pages
  /// has to report as beyond its reach.
  ///
  /// - Complexity: O(n).
  public func usablePageCount(beyond limit: PageFrame) -> UInt64 {
    // The pages below a limit are never more than all pages.
    usablePageCount() &- usablePageCount(below: limit)
  }
}

/// The ranges of usable pages of a map in ascending order, cut to a window.
///
/// No range is empty, and no two of them touch.  Walk over them with
/// `while let pages = ranges.next()`: this is a `Sequence` only where there is a heap, since a
/// sequence can be collected in an array.
public struct UsablePageRanges: IteratorProtocol {
  private let map: MemoryMap
  private let window: PageRange
  private var index = 0

  /// - Complexity: O(log n).
  init(_ map: MemoryMap, window: PageRange) {
    self.map = map
    self.window = window
    // The first region that ends above the window's start: regions ascend and do not overlap.
    var end = map.count
    while index < end {
      let middle = (index + end) / 2
      if map[middle].pages.end <= window.start {
        index = middle + 1
      } else {
        end = middle
      }
    }
  }

  /// The next range, or nil after the last.
  ///
  /// - Complexity: O(n) for the whole walk, where n is the number of regions in the window.
  @inline(never)
  public mutating func next() -> PageRange? {
    while index < map.count {
      let region = map[index]
      index += 1
      guard region.kind == .usable else { continue }
      if region.pages.start >= window.end { return nil }
      if let part = region.pages.intersection(window) { return part }
    }
    return nil
  }
}

#if !hasFeature(Embedded) || BOOTMEM_HEAP
extension UsablePageRanges: Sequence {}
#endif
