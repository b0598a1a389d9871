// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The memory that can be added and removed while the machine runs, according to the firmware.
///
/// Its ranges are in ascending order; none is empty, and no two of them touch.
///
/// Whether there is memory at such an address now is for the memory map to say.  Contents that
/// cannot be moved prevent the memory from being removed, so the bitmaps of boot memory, which are
/// permanent, are not placed there as long as other memory will do.
///
/// This is a view of storage that belongs to the code that made it, and does not change.
@safe
public struct HotPluggableMemory {
  private let ranges: UnsafeBufferPointer<AddressRange>

  init(_ ranges: UnsafeBufferPointer<AddressRange>) {
    unsafe self.ranges = ranges
  }

  /// No hot-pluggable memory.
  public static var none: HotPluggableMemory {
    unsafe HotPluggableMemory(UnsafeBufferPointer(start: nil, count: 0))
  }

  /// The number of ranges.
  public var count: Int { unsafe ranges.count }

  /// The range at `index`, counted from 0 in ascending order.
  public subscript(index: Int) -> AddressRange {
    precondition(index >= 0 && index < count)
    return unsafe ranges[index]
  }

  /// The pages of the lowest range that shares a page with `pages`; nil if none does.
  ///
  /// - Complexity: O(n).
  public func pages(overlapping pages: PageRange) -> PageRange? {
    for index in 0..<count {
      let touched = self[index].touchedPages
      if touched.overlaps(pages) { return touched }
    }
    return nil
  }

  /// Prints one range per line, `START-LAST SIZE` indented by two spaces, with addresses in
  /// hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    for index in 0..<count {
      sink.write("  ")
      self[index].write(to: &sink)
      sink.write(" ")
      self[index].writeByteCount(to: &sink)
      sink.write("\n")
    }
  }
}
