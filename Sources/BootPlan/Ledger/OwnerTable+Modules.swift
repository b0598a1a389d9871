// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Telling pages with one owner from shared pages.
///
/// A loader cannot be trusted: it may claim that a module lies over the kernel, over another
/// module, or where there is no memory.
extension OwnerTable {
  /// The first pages at or above `page` that are usable and held by the range at `index` alone.
  ///
  /// Their contents can be read, and they become free with their owner; `nil` after the last.  To
  /// visit all of them, start again at the end of the returned range.
  ///
  /// - Parameters:
  ///   - index: The range, as for ``subscript(_:)``.
  ///   - map: The memory of the machine.
  ///   - page: Where to start.
  ///   - limit: The end of the kernel's reach.
  /// - Complexity: O(n × (r + n)) for r usable ranges and n owners.
  public borrowing func nextPagesHeldAlone(
    byRangeAt index: Int, of map: MemoryMap, from page: PageFrame = 0, below limit: PageFrame
  ) -> PageRange? {
    precondition(index >= 0 && index < count)
    // There is an entry, so there is storage.
    return unsafe ledger.nextPagesHeldAlone(
      by: ledger.held.pointer(at: index).unsafelyUnwrapped, from: page.number,
      below: limit.number, firstUsable: { map.firstUsablePages(in: $0) }
    ).map { PageRange($0) }
  }

  /// Reports each module that does not lie entirely in usable memory below `limit`, or that
  /// overlaps another owner's range.
  ///
  /// Each is a line on `sink`; if there are very many, only the first ones are reported.
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
}
