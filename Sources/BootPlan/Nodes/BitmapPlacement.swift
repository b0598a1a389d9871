// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Finds memory for a bitmap: usable, without an owner, and if possible above everything that the
/// loader placed and not removable while the machine runs.
public enum BitmapPlacement {
  /// Finds `pageCount` consecutive pages in `window`, or else in `spareWindow`.
  ///
  /// The lowest place above the highest held page in the window is taken.  If that is so high that
  /// there is no room above it, as with a loader that puts modules at the top of memory, the lowest
  /// place in the window is taken.  Hot-pluggable memory is taken only if there is no room in other
  /// memory of either window.
  ///
  /// - Parameters:
  ///   - pageCount: The number of pages.
  ///   - window: Where to look first.
  ///   - spareWindow: Where to look if there is no room; nil for nowhere.
  ///   - map: What is usable.
  ///   - owners: Who holds memory.
  ///   - hotPluggable: The memory that can be removed.
  /// - Returns: nil if there is none.
  /// - Complexity: O(r × n²) for r usable ranges and n owners and hot-pluggable ranges.
  public static func find(
    pageCount: UInt64, in window: PageRange, orIn spareWindow: PageRange? = nil, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable, sparing hotPluggable: HotPluggableMemory = .none
  ) -> PageRange? {
    if let place = place(pageCount, in: window, of: map, avoiding: owners, hotPluggable) {
      return place
    }
    if let spareWindow,
      let place = place(pageCount, in: spareWindow, of: map, avoiding: owners, hotPluggable)
    {
      return place
    }
    guard hotPluggable.count > 0 else { return nil }
    return find(
      pageCount: pageCount, in: window, orIn: spareWindow, of: map, avoiding: owners)
  }

  private static func place(
    _ pageCount: UInt64, in window: PageRange, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable, _ hotPluggable: HotPluggableMemory
  ) -> PageRange? {
    let highestEnd = owners.highestEnd(in: window)
    if let above = PageRange(start: highestEnd, end: window.end),
      let place = lowestPlace(pageCount, in: above, of: map, avoiding: owners, hotPluggable)
    {
      return place
    }
    return lowestPlace(pageCount, in: window, of: map, avoiding: owners, hotPluggable)
  }

  private static func lowestPlace(
    _ pageCount: UInt64, in window: PageRange, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable, _ hotPluggable: HotPluggableMemory
  ) -> PageRange? {
    var ranges = map.usablePages(in: window)
    while let usable = ranges.next() {
      var start = usable.start
      while let place = PageRange(start: start, pageCount: pageCount), usable.contains(place) {
        guard
          let taken = owners.heldPages(overlapping: place)
            ?? hotPluggable.pages(overlapping: place)
        else { return place }
        // Above `start`, as the two ranges overlap.
        start = taken.end
      }
    }
    return nil
  }
}
