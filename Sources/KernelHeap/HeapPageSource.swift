// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Where a heap gets its pages from: boot memory, then the page allocator, or a kernel's own.
public protocol HeapPageSource: ~Copyable {
  /// Allocates adjoining pages.
  ///
  /// - Parameters:
  ///   - pageCount: How many exactly; not 0.
  ///   - alignment: A power of two that the first page's number must be divisible by.
  ///   - limit: The page frame that all of them must lie below.
  /// - Returns: The pages, as ``freeHeapPages(_:)`` gets them back; nil if there are none.
  mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange?

  /// Takes back pages that came from this source, or from the one that was used before it.
  ///
  /// - Returns: Whether it did.
  mutating func freeHeapPages(_ pages: PageRange) -> Bool

  /// Makes an allocation longer or shorter in place.
  ///
  /// A source that cannot do that need not implement this: the heap moves the content instead.
  ///
  /// - Parameters:
  ///   - pages: All pages of one allocation.
  ///   - pageCount: The new number of pages; not 0.
  ///   - limit: The page frame that all of them must lie below.
  /// - Returns: Whether it did; otherwise nothing has changed.
  mutating func resizeHeapPages(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool

  /// Whether every page that it gives is all zeros, so that the heap need not clear it again.
  var givesClearedPages: Bool { get }
}

extension HeapPageSource where Self: ~Copyable {
  /// Refuses: by default, a source cannot resize.
  public mutating func resizeHeapPages(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool { false }

  /// False: by default, pages have any content.
  public var givesClearedPages: Bool { false }

  /// Takes pages back, or adds them to the number of those that it refused.
  @inline(__always)
  mutating func takeBack(_ pages: PageRange, countingRefused count: inout UInt64) -> Bool {
    if freeHeapPages(pages) { return true }
    count &+= pages.pageCount
    return false
  }
}

/// Boot memory serves a heap until it is handed over.
extension BootMemory: HeapPageSource {
  /// Allocates exactly `pageCount` pages, above the memory that old devices need if possible.
  public mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    let (byteCount, overflow) = pageCount.multipliedReportingOverflow(by: PageFrame.byteCount)
    let (bytes, tooLarge) = alignment.multipliedReportingOverflow(by: PageFrame.byteCount)
    guard !overflow, !tooLarge else { return nil }
    let request = AllocationRequest(
      byteCount: byteCount, alignment: bytes, goal: .preservingDMA,
      limit: limit.firstAddress.map { .address($0) } ?? .none, clearsMemory: false)
    guard let address = try? allocate(request) else { return nil }
    return PageRange(start: address.pageFrame, pageCount: pageCount)
  }

  /// Frees pages; after the hand-over it refuses.
  public mutating func freeHeapPages(_ pages: PageRange) -> Bool {
    do throws(BootMemoryError) { try free(pages) } catch { return false }
    return true
  }

  /// Frees the last pages; it cannot add pages, as it does not look whether those after them are
  /// free.
  public mutating func resizeHeapPages(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool {
    guard pageCount < pages.pageCount,
      let kept = PageRange(start: pages.start, pageCount: pageCount),
      let rest = PageRange(start: kept.end, end: pages.end)
    else { return false }
    return freeHeapPages(rest)
  }
}
