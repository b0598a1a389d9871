// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Pages with one owner, told apart from pages that are shared.
///
/// A loader's word is not to be trusted: a module may be said to lie over the kernel, over another
/// module, or where there is no memory.
extension OwnerTable {
  /// The first pages at or above `page` that are usable and held by the range at `index` alone.
  ///
  /// They hold contents that can be read, and become free with their holder; `nil` after the last.
  /// Start again at the end of what is returned to walk over all of them.
  ///
  /// - Parameters:
  ///   - index: The range, as for ``subscript(_:)``.
  ///   - map: The memory of the machine.
  ///   - page: Where to start.
  ///   - limit: The end of the kernel's reach.
  /// - Complexity: O(r + n²) for r usable ranges and n owners.
  public borrowing func nextPagesHeldAlone(
    byRangeAt index: Int, of map: MemoryMap, from page: PageFrame = 0, below limit: PageFrame
  ) -> PageRange? {
    nextPagesHeldAlone(byRangeAt: index, from: page, below: limit) { window in
      var ranges = map.usablePages(in: window)
      return ranges.next()
    }
  }

  /// The same where `firstUsable` says which pages of a window are the first usable ones.
  package borrowing func nextPagesHeldAlone(
    byRangeAt index: Int, from page: PageFrame, below limit: PageFrame,
    firstUsable: (PageRange) -> PageRange?
  ) -> PageRange? {
    let held = self[unchecked: index].ownPages
    var start = max(page, held.start)
    let end = min(limit, held.end)
    while start < end, let usable = firstUsable(PageRange(start..<end)) {
      start = usable.start
      // Each turn ends in front of another's pages, or goes on behind them.
      while start < usable.end {
        let other = firstPagesHeld(in: PageRange(start..<usable.end), otherThanByRangeAt: index)
        guard let other, other.start <= start else {
          return PageRange(start..<(other?.start ?? usable.end))
        }
        start = other.end
      }
    }
    return nil
  }

  /// Reports each module that does not lie in usable memory below `limit` as a whole, or that
  /// shares bytes with the pages of another owner, as a line on `sink`; if there are very many,
  /// only the first.
  ///
  /// - Complexity: O(n × (r + n)) for r usable ranges and n owners.
  public borrowing func reportModules(
    of map: MemoryMap, below limit: PageFrame, reportingTo sink: inout some TextSink
  ) {
    var reports = FirstLines(to: sink)
    for index in 0..<count {
      guard case .loader(.module) = self[index].owner else { continue }
      let pages = self[index].range.touchedPages
      if pages.end > limit || !map.hasUsable(pages) {
        reports.write("loader: ")
        self[index].write(to: &reports)
        reports.write(": lies not in usable memory within reach as a whole\n")
      }
      for other in 0..<count
      where other != index && self[unchecked: other].range.overlaps(self[index].range) {
        reports.write("loader: ")
        self[index].write(to: &reports)
        reports.write(": overlaps ")
        self[unchecked: other].write(to: &reports)
        reports.write("\n")
        break
      }
    }
    sink = reports.finish()
  }

  /// The lowest pages of `window` that any range but the one at `index` holds.
  @inline(never)
  private borrowing func firstPagesHeld(
    in window: PageRange, otherThanByRangeAt index: Int
  ) -> PageRange? {
    var first: PageRange?
    for other in 0..<count where other != index {
      guard let part = self[unchecked: other].range.touchedPages.intersection(window) else {
        continue
      }
      if part.start < first?.start ?? window.end { first = part }
    }
    return first
  }
}
