// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Freeing and reserving pages of one node.
extension BootMemoryNode {
  /// Makes the search continue at `page` if it would continue above that.
  @inline(__always)
  mutating func lowerHint(to page: PageNumber) {
    if page < nextPage { nextPage = page }
  }

  /// Marks pages of the span, at least one, free or reserved.
  @inline(never)
  mutating func mark(_ part: Range<PageNumber>, free: Bool) {
    bitmap.set(from: bit(of: part.lowerBound), to: bit(of: part.upperBound), free: free)
    // The rest of that page can no longer be shared.
    if part.contains(lastEndPage) { endSharing() }
  }

  /// Whether no page of `part` is free; `part` must lie in the span and have at least one page.
  @inline(__always)
  mutating func isReserved(_ part: Range<PageNumber>) -> Bool {
    bitmap.isReserved(from: bit(of: part.lowerBound), to: bit(of: part.upperBound))
  }

  /// Frees reserved pages, or reserves free ones, all in one word of the bitmap.
  ///
  /// - Parameters:
  ///   - first: The first page; not below the span.
  ///   - last: The last page, below the span's end; the page numbers may differ only within a word.
  ///   - free: Whether to free the pages, which also lowers the hint.
  /// - Returns: Whether there are such pages, and all of them had the opposite state; if not,
  ///   nothing has changed.
  @inline(__always)
  mutating func flip(from first: PageNumber, through last: PageNumber, free: Bool) -> Bool {
    if !bitmap.cursor.holds(first) { bitmap.seek(first) }
    guard bitmap.flipAtCursor(from: first, through: last, free: free) else { return false }
    if _slowPath(lastEndAddress != 0), lastEndPage >= first && lastEndPage <= last {
      endSharing()
    }
    if free { lowerHint(to: first) }
    return true
  }

  /// The page in which the last allocation ended.
  @inline(__always)
  private var lastEndPage: PageNumber { lastEndAddress &>> PageFrame.numberShift }

  /// Prevents other allocations from sharing the page in which the last one ended.
  @inline(__always)
  private mutating func endSharing() { lastEndAddress = 0 }
}
