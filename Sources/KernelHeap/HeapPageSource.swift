// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Where a heap gets its pages from: boot memory, then the page allocator, or a kernel's own.
public protocol HeapPageSource: ~Copyable {
  /// Takes pages that adjoin.
  ///
  /// - Parameters:
  ///   - pageCount: How many at least; not 0.
  ///   - alignment: A power of two that the first page's number is to be divisible by.
  ///   - limit: The page frame that all of them must lie below.
  /// - Returns: The pages taken, as ``freeHeapPages(_:)`` gets them back; nil where there are none.
  mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange?

  /// Takes pages back that this source has given, or the one that was used before it.
  ///
  /// - Returns: Whether it did.
  mutating func freeHeapPages(_ pages: PageRange) -> Bool
}

/// Boot memory serves a heap until it is handed over.
extension BootMemory: HeapPageSource {
  /// Allocates exactly so many pages, above the memory that old devices need if possible.
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
}
