// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The memory of a machine that can be plugged in and taken out while it runs, as the firmware says:
/// ranges in ascending order, none of which is empty, and no two of which touch.
///
/// Whether there is memory at such an address now is for the memory map to say.  What lies there and
/// cannot be moved keeps the memory from being taken out, so the bitmaps of boot memory, which last, do
/// not go there while other memory will do.
///
/// It is a view of storage that belongs to its maker, and does not change.
@safe
public struct HotPluggableMemory {
  private let ranges: UnsafeBufferPointer<AddressRange>

  init(_ ranges: UnsafeBufferPointer<AddressRange>) {
    unsafe self.ranges = ranges
  }

  /// None at all.
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

  /// Prints one range a line, `START-LAST SIZE` behind two spaces, addresses in hexadecimal, the last
  /// one included.
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
