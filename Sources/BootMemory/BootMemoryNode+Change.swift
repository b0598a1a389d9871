// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Freeing and reserving pages of one node.
extension BootMemoryNode {
  /// Makes the search continue at `page` if it would continue above.
  @inline(__always)
  mutating func lowerHint(to page: PageNumber) {
    if page < nextPage { nextPage = page }
  }

  /// Marks pages of the span free, or reserved; at least one.
  @inline(never)
  mutating func mark(_ part: Range<PageNumber>, free: Bool) {
    bitmap.set(from: bit(of: part.lowerBound), to: bit(of: part.upperBound), free: free)
    // The rest of that page is another's now.
    if part.contains(lastEndPage) { endSharing() }
  }

  /// Whether no page of `part`, which must lie in the span, is free; at least one.
  @inline(__always)
  mutating func isReserved(_ part: Range<PageNumber>) -> Bool {
    bitmap.isReserved(from: bit(of: part.lowerBound), to: bit(of: part.upperBound))
  }

  /// Frees reserved pages, or reserves free ones, all in one word of the bitmap.
  ///
  /// - Parameters:
  ///   - first: The first page; not below the span.
  ///   - last: The last page; below the span's end, and the numbers of both differ only within a
  ///   word.
  ///   - free: Whether the pages are to be free; that also lowers the hint.
  /// - Returns: Whether there are such pages, and all were the opposite; nothing has changed
  ///   otherwise.
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

  /// Lets no allocation share the page in which the last one ended.
  @inline(__always)
  private mutating func endSharing() { lastEndAddress = 0 }
}
