// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Releasing what an owner holds, and finding what it holds alone.
///
/// Pages are represented by their numbers here, which are no wider than addresses.
extension Ledger {
  package typealias Pages = Range<Entry.Address>

  /// Removes all entries of `owner`, and visits, in stretches, the usable pages left without an
  /// owner.
  ///
  /// It works as ``OwnerTable/release(_:of:below:_:)`` does; `firstUsable` returns the first usable
  /// pages of a window.
  package mutating func release<Failure: Error>(
    _ owner: Entry.Owner, below limit: Entry.Address, firstUsable: (Pages) -> Pages?,
    _ body: (Pages) throws(Failure) -> Void
  ) throws(Failure) {
    var place = unsafe held.start
    while let entry = unsafe held.first(of: owner, from: place) {
      var page: Entry.Address = 0
      while let pages = unsafe nextPagesHeldAlone(
        by: entry, from: page, below: limit, firstUsable: firstUsable)
      {
        do throws(Failure) { try body(pages) } catch {
          // Where this is the entry's first page, keep only the entry's part of it.
          let start = pages.lowerBound &<< Entry.pageShift
          if unsafe start > entry.pointee.first { unsafe entry.pointee.first = start }
          throw error
        }
        page = pages.upperBound
      }
      unsafe held.remove(at: entry)
      unsafe place = entry
    }
  }

  /// The first pages at or above `page` that are usable and held by an entry alone; see
  /// ``OwnerTable/nextPagesHeldAlone(byRangeAt:of:from:below:)``.
  func nextPagesHeldAlone(
    by entry: LedgerEntries<Entry>.Pointer, from page: Entry.Address, below limit: Entry.Address,
    firstUsable: (Pages) -> Pages?
  ) -> Pages? {
    let own = unsafe entry.pointee.ownPages
    var start = max(page, own.start)
    let end = min(limit, own.end)
    while start < end, let usable = firstUsable(start..<end) {
      // Each iteration either stops before another entry's pages, or continues after them.
      let alone = unsafe firstPages(of: usable, heldBy: entry)
      if !alone.isEmpty { return alone }
      start = alone.lowerBound
    }
    return nil
  }

  /// The first pages of a window that only this entry holds.
  ///
  /// They begin where the window does; if another entry holds that page, the result is an empty
  /// range just past that entry's pages.
  @inline(never)
  private func firstPages(of window: Pages, heldBy entry: LedgerEntries<Entry>.Pointer) -> Pages {
    var end = window.upperBound
    var place = unsafe held.start
    while let other = unsafe held.entry(at: place) {
      unsafe place = other + 1
      if unsafe other == entry { continue }
      let (first, last) = unsafe (other.pointee.firstPage, other.pointee.lastPage)
      if first >= end || last < window.lowerBound { continue }
      // Every page number has a successor.
      if first <= window.lowerBound { return last &+ 1..<last &+ 1 }
      end = first
    }
    // All other entries begin above the start of the window.
    return unsafe Range(uncheckedBounds: (window.lowerBound, end))
  }
}
