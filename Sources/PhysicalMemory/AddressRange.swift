// SPDX-License-Identifier: MIT

/// A range of physical addresses that does not wrap: `byteCount` bytes from `start` on.
///
/// The range may end exactly at the top of the 64-bit address space, which is why it is stored as a
/// start and a size: that end has no address.  An empty range still has a position.
public struct AddressRange: Hashable, Sendable {
  /// The first address.
  public let start: PhysicalAddress

  /// The size in bytes; may be 0.
  public let byteCount: UInt64

  /// Makes a range; nil if it would reach beyond the 64-bit address space.
  @inlinable
  public init?(start: PhysicalAddress, byteCount: UInt64) {
    let (end, overflow) = start.rawValue.addingReportingOverflow(byteCount)
    if _slowPath(overflow), end != 0 { return nil }
    self.start = start
    self.byteCount = byteCount
  }

  /// Makes a range of `byteCount` bytes, cut off at the top of the 64-bit address space.
  @inlinable
  public init(start: PhysicalAddress, clampingByteCount byteCount: UInt64) {
    self.start = start
    // 2^64 - start, as above.
    self.byteCount = start.rawValue == 0 ? byteCount : min(byteCount, 0 &- start.rawValue)
  }

  /// Makes the range of `addresses`, such as `0x1000..<0x2000`.
  @inlinable
  public init(_ addresses: Range<PhysicalAddress>) {
    self.start = addresses.lowerBound
    // The lower bound of a range is never above the upper one.
    self.byteCount = addresses.upperBound.rawValue &- addresses.lowerBound.rawValue
  }

  /// Makes the range of addresses from `start` up to, but not including, `end`.
  ///
  /// - Returns: nil if `end` lies below `start`.
  @inlinable
  public init?(start: PhysicalAddress, end: PhysicalAddress) {
    guard start <= end else { return nil }
    self.start = start
    // Not below 0 by the line above.
    self.byteCount = end.rawValue &- start.rawValue
  }

  /// Makes the range of addresses from `first` to `last`, both included.
  ///
  /// - Returns: nil if `last` lies below `first`, or if the range is the whole 64-bit address
  ///   space, whose size does not fit in 64 bits.
  @inlinable
  public init?(first: PhysicalAddress, last: PhysicalAddress) {
    guard first <= last, first.rawValue > 0 || last.rawValue < .max else { return nil }
    self.start = first
    // At most 2^64 - 1 by the line above.
    self.byteCount = last.rawValue &- first.rawValue &+ 1
  }

  /// Makes the range of all addresses in `pages`.
  ///
  /// - Returns: nil if `pages` does not start below ``PageFrame/end``, ends beyond it, or is the
  ///   whole 64-bit address space, whose size does not fit in 64 bits.
  @inlinable
  public init?(_ pages: PageRange) {
    guard pages.end <= PageFrame.end else { return nil }
    guard pages.start < PageFrame.end else { return nil }
    let pageCount = pages.pageCount
    // All 2^52 pages would be 2^64 bytes.
    guard pageCount < PageFrame.end.number else { return nil }
    self.start = PhysicalAddress(pages.start.number << PageFrame.byteCountShift)
    self.byteCount = pageCount << PageFrame.byteCountShift
  }

  /// Whether the range has no bytes.
  @inlinable
  public var isEmpty: Bool { byteCount == 0 }

  /// The last address; nil if the range is empty.
  @inlinable
  public var last: PhysicalAddress? {
    // The range does not wrap, and has at least one byte.
    isEmpty ? nil : PhysicalAddress(start.rawValue &+ (byteCount &- 1))
  }

  /// The address just past the range; nil if the range ends at the top of the address space.
  @inlinable
  public var end: PhysicalAddress? { start.advanced(byByteCount: byteCount) }

  /// Whether `address` lies in the range.
  @inlinable
  public func contains(_ address: PhysicalAddress) -> Bool {
    address >= start && address.rawValue &- start.rawValue < byteCount
  }

  /// Whether the two ranges share a byte.
  @inlinable
  public func overlaps(_ other: AddressRange) -> Bool {
    guard let last, let otherLast = other.last else { return false }
    return start <= otherLast && other.start <= last
  }

  /// What remains before and after `part` when it is cut out; nil for a side where nothing remains.
  ///
  /// A range that shares no byte with `part` is returned whole, as the front.
  @inlinable
  public func removing(_ part: AddressRange) -> (front: AddressRange?, behind: AddressRange?) {
    guard overlaps(part), let last, let partLast = part.last else { return (self, nil) }
    let front = start < part.start ? AddressRange(start: start, end: part.start) : nil
    // If anything remains behind the part, the part has an end: the first byte behind it.
    let behind = partLast < last ? part.end.flatMap { AddressRange(first: $0, last: last) } : nil
    return (front, behind)
  }

  /// The addresses that lie in both ranges; nil if there are none.
  @inlinable
  public func intersection(_ other: AddressRange) -> AddressRange? {
    guard let last, let otherLast = other.last else { return nil }
    return AddressRange(first: max(start, other.start), last: min(last, otherLast))
  }

  /// The pages that lie entirely in the range: start rounded up, end rounded down.
  ///
  /// Nil if there are none.
  @inlinable
  public var wholePages: PageRange? {
    let pages = PageRange(start: roundedUpStart, end: roundedDownEnd)
    guard let pages, !pages.isEmpty else { return nil }
    return pages
  }

  /// The pages that the range touches: start rounded down, end rounded up.
  ///
  /// An empty range in the middle of a page touches that page, as in Linux's rounding; on a page
  /// boundary it touches none, and the result is the empty range there.
  @inlinable
  public var touchedPages: PageRange {
    // Both numbers are at most 2^52, and the first is never above the second.
    PageRange(uncheckedStart: start.pageFrame, end: roundedUpEnd)
  }

  /// The page at the start, rounded up.  At most ``PageFrame/end``.
  @inlinable
  public var roundedUpStart: PageFrame {
    PageFrame(PageFrame.pageCount(holdingByteCount: start.rawValue))
  }

  /// The page at the end, rounded down.  At most ``PageFrame/end``.
  @inlinable
  public var roundedDownEnd: PageFrame {
    end?.pageFrame ?? PageFrame.end
  }

  /// The page at the end, rounded up.  At most ``PageFrame/end``.
  @inlinable
  public var roundedUpEnd: PageFrame {
    guard let end else { return PageFrame.end }
    return PageFrame(PageFrame.pageCount(holdingByteCount: end.rawValue))
  }
}
