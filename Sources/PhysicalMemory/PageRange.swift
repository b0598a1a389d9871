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

  /// Makes a range of `pageCount` pages; nil if its end has no 64-bit number.
  @inlinable
  public init?(start: PageFrame, pageCount: UInt64) {
    guard let end = start.advanced(byPageCount: pageCount) else { return nil }
    self.start = start
    self.end = end
  }

  /// Makes the range without pages at `page`.
  @inlinable
  public init(emptyAt page: PageFrame) {
    start = page
    end = page
  }

  /// For ranges in this package whose order is proven where they are made.
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

  /// Whether there is no page in the range.
  @inlinable
  public var isEmpty: Bool { start == end }

  /// Whether `page` lies in the range.
  @inlinable
  public func contains(_ page: PageFrame) -> Bool {
    start <= page && page < end
  }

  /// Whether every page of `other` lies in the range.  An empty range lies where its start lies.
  @inlinable
  public func contains(_ other: PageRange) -> Bool {
    start <= other.start && other.end <= end
  }

  /// Whether the two ranges share a page.
  @inlinable
  public func overlaps(_ other: PageRange) -> Bool {
    !isEmpty && !other.isEmpty && start < other.end && other.start < end
  }

  /// The pages in both ranges; nil if there is none.
  @inlinable
  public func intersection(_ other: PageRange) -> PageRange? {
    let start = max(self.start, other.start)
    let end = min(self.end, other.end)
    return start < end ? PageRange(uncheckedStart: start, end: end) : nil
  }
}
