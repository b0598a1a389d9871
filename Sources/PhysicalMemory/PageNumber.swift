// SPDX-License-Identifier: MIT

/// The number of a page frame of this machine: a machine word, so that a 32-bit processor takes the
/// same code path as a 64-bit one.
///
/// A ``PageFrame`` may lie beyond what the machine can address; on entry, each call converts it to
/// a page number or rejects it.
@usableFromInline
package typealias PageNumber = UInt

extension PageFrame {
  /// ``byteCountShift`` as a machine word.
  @inlinable @inline(__always)
  package static var numberShift: UInt { UInt(truncatingIfNeeded: byteCountShift) }

  /// The bits of an address that give the offset within a page.
  @inlinable @inline(__always)
  package static var offsetMask: UInt { UInt(truncatingIfNeeded: byteCount &- 1) }
}

extension PageRange {
  /// Makes the range of the pages with these numbers.
  @inlinable @inline(__always)
  package init(numbers pages: Range<PageNumber>) {
    self.init(
      uncheckedStart: PageFrame(UInt64(pages.lowerBound)), end: PageFrame(UInt64(pages.upperBound)))
  }
}

extension Range<PageNumber> {
  /// Makes the page numbers of a range that lies in this machine's address space.
  @inlinable @inline(__always)
  package init(_ pages: PageRange) {
    // The start of a range is never above its end, and a word can hold any page of the machine.
    unsafe self.init(
      uncheckedBounds: (
        PageNumber(truncatingIfNeeded: pages.start.number),
        PageNumber(truncatingIfNeeded: pages.end.number)
      ))
  }
}
