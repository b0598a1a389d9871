// SPDX-License-Identifier: MIT

/// The number of a page frame of this machine: a machine word, so that a processor of 32 bits takes
/// the same way as one of 64.
///
/// A ``PageFrame`` may lie beyond what the machine can address; it becomes one of these, or is
/// refused, where a call comes in.
@usableFromInline
package typealias PageNumber = UInt

extension PageFrame {
  /// ``byteCountShift`` for machine words.
  @inlinable @inline(__always)
  package static var numberShift: UInt { UInt(truncatingIfNeeded: byteCountShift) }

  /// The bits of an address that count within a page.
  @inlinable @inline(__always)
  package static var offsetMask: UInt { UInt(truncatingIfNeeded: byteCount &- 1) }
}

extension PageRange {
  /// The range of these pages.
  @inlinable @inline(__always)
  package init(numbers pages: Range<PageNumber>) {
    self.init(
      uncheckedStart: PageFrame(UInt64(pages.lowerBound)), end: PageFrame(UInt64(pages.upperBound)))
  }
}

extension Range<PageNumber> {
  /// The pages of a range that lies in this machine's address space.
  @inlinable @inline(__always)
  package init(_ pages: PageRange) {
    // The start of a range is not above its end, and for a machine's pages words are wide enough.
    unsafe self.init(
      uncheckedBounds: (
        PageNumber(truncatingIfNeeded: pages.start.number),
        PageNumber(truncatingIfNeeded: pages.end.number)
      ))
  }
}
