// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory

/// The page allocator serves a heap after the hand-over.
extension PageAllocator: HeapPageSource {
  /// Allocates exactly `pageCount` pages.
  public mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    if pageCount == 1, alignment == 1, let page = allocateSinglePage(below: limit) {
      return PageRange(start: page, pageCount: 1)
    }
    return try? allocate(pageCount: pageCount, alignedTo: alignment, below: limit)
  }

  /// Frees a run; pages that were taken before the hand-over are reserved, and are released.
  public mutating func freeHeapPages(_ pages: PageRange) -> Bool {
    takeBack(pages)
  }

  /// Frees the last pages of an allocation, or allocates those after it.
  public mutating func resizeHeapPages(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool {
    resizeOrRelease(pages, toPageCount: pageCount, below: limit)
  }
}
