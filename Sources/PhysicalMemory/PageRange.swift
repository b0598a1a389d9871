// SPDX-License-Identifier: MIT

/// A range of page frames: from `start` up to, but not including, `end`.
public struct PageRange: Hashable, Sendable {
  /// The first page frame.
  public let start: PageFrame

  /// The page frame just past the range.
  public let end: PageFrame

  /// Makes the range of `pages`, such as `0x100..<0x200`.
  @inlinable
  public init(_ pages: Range<PageFrame>) {
    start = pages.lowerBound
    end = pages.upperBound
  }

  /// Makes the range of `pages`, such as `0x100...0x1ff`.
  ///
  /// - Precondition: The number of the last page is not 2^64 - 1.
  @inlinable
  public init(_ pages: ClosedRange<PageFrame>) {
    start = pages.lowerBound
    end = PageFrame(pages.upperBound.number + 1)
  }

  /// Makes a range; nil if `end` lies below `start`.
  @inlinable
  public init?(start: PageFrame, end: PageFrame) {
    guard start <= end else { return nil }
    self.start = start
    self.end = end
  }

  /// Makes a range of `pageCount` pages; nil if its end does not fit in 64 bits.
  @inlinable
  public init?(start: PageFrame, pageCount: UInt64) {
    guard let end = start.advanced(byPageCount: pageCount) else { return nil }
    self.start = start
    self.end = end
  }

  /// Makes an empty range at `page`.
  @inlinable
  public init(emptyAt page: PageFrame) {
    start = page
    end = page
  }

  /// Makes a range without a check, where the code in this package has proven the order.
  @inlinable
  package init(uncheckedStart start: PageFrame, end: PageFrame) {
    self.start = start
    self.end = end
  }

  /// The number of pages.
  @inlinable
  public var pageCount: UInt64 {
    // Never negative: `start` is not above `end`.
    end.number &- start.number
  }

  /// Whether the range has no pages.
  @inlinable
  public var isEmpty: Bool { start == end }

  /// Whether `page` lies in the range.
  @inlinable
  public func contains(_ page: PageFrame) -> Bool {
    start <= page && page < end
  }

  /// Whether every page of `other` lies in the range.
  ///
  /// An empty range counts as inside if it lies from `start` up to and including `end`.
  @inlinable
  public func contains(_ other: PageRange) -> Bool {
    start <= other.start && other.end <= end
  }

  /// Whether the two ranges share a page.
  @inlinable
  public func overlaps(_ other: PageRange) -> Bool {
    !isEmpty && !other.isEmpty && start < other.end && other.start < end
  }

  /// The pages in both ranges; nil if there are none.
  @inlinable
  public func intersection(_ other: PageRange) -> PageRange? {
    let start = max(self.start, other.start)
    let end = min(self.end, other.end)
    return start < end ? PageRange(uncheckedStart: start, end: end) : nil
  }
}
