// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Finds memory for reservations that the board asks for without an address.
public enum ReservationPlacement {
  /// Finds the highest place in `window` that is usable and not held, as Linux does, since other
  /// users may need low memory.
  ///
  /// - Parameters:
  ///   - byteCount: The size; no other owner holds any of the pages that it touches.
  ///   - alignment: The alignment in bytes, a power of two; a place starts at a page boundary in
  ///     any case.
  ///   - window: The pages to choose from.
  ///   - map: What is usable.
  ///   - owners: Who holds memory.
  /// - Returns: nil if there is none.
  /// - Complexity: O(r × n²) for r usable ranges and n owners.
  public static func find(
    byteCount: UInt64, alignment: UInt64, in window: PageRange, of map: MemoryMap,
    avoiding owners: borrowing OwnerTable
  ) -> AddressRange? {
    let pageCount = PageFrame.pageCount(holdingByteCount: byteCount)
    let step = PageFrame.pageCount(holdingByteCount: alignment)
    var highest: PageFrame?
    var ranges = map.usablePages(in: window)
    while let usable = ranges.next() {
      var end = usable.end
      while end > usable.start, end.number - usable.start.number >= pageCount {
        // Rounded down to a power of two, so not above.
        let start = PageFrame((end.number - pageCount) & ~(step - 1))
        guard start >= usable.start, let place = PageRange(start: start, pageCount: pageCount)
        else {
          break
        }
        guard let held = owners.heldPages(overlapping: place) else {
          highest = start
          break
        }
        // Below the end of the place, as the two overlap.
        end = held.start
      }
    }
    return highest?.firstAddress.flatMap { AddressRange(start: $0, byteCount: byteCount) }
  }
}
