// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Finds memory for a bitmap: usable, without an owner, behind everything that the loader placed.
public enum BitmapPlacement {
  /// Finds `pageCount` pages in a row in `window`.
  ///
  /// The lowest place behind the highest thing that is held in the window is taken.  Where that is
  /// so high that there is no room behind it, as with a loader that puts modules at the top of
  /// memory, it is the lowest place in the window.
  ///
  /// - Returns: nil if there is none.
  /// - Complexity: O(r × n²) for r usable ranges and n owners.
  public static func find(
    pageCount: UInt64, in window: PageRange, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable
  ) -> PageRange? {
    let highestEnd = owners.highestEnd(in: window)
    if let above = PageRange(start: highestEnd, end: window.end),
      let place = lowestPlace(pageCount, in: above, of: map, avoiding: owners)
    {
      return place
    }
    return lowestPlace(pageCount, in: window, of: map, avoiding: owners)
  }

  private static func lowestPlace(
    _ pageCount: UInt64, in window: PageRange, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable
  ) -> PageRange? {
    var ranges = map.usablePages(in: window)
    while let usable = ranges.next() {
      var start = usable.start
      while let place = PageRange(start: start, pageCount: pageCount), usable.contains(place) {
        guard let held = owners.heldPages(overlapping: place) else { return place }
        // Above `start`, as the two ranges overlap.
        start = held.end
      }
    }
    return nil
  }
}
