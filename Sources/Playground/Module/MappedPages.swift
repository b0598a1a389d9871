// SPDX-License-Identifier: MIT
import KernelHeap
import PageAllocator
import PhysicalMemory

/// A page allocator of which only some pages have contents: a heap gets only those.
struct MappedPages: HeapPageSource, ~Copyable {
  /// The allocator of all pages.
  var allocator: PageAllocator

  /// The pages that have contents.
  let mapped: PageRange

  mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    // The lowest come first: those without contents are put aside meanwhile.
    var aside: [PageRange] = []
    defer { for pages in aside { _ = allocator.freeHeapPages(pages) } }
    let limit = min(limit, mapped.end)
    while let pages = allocator.allocateHeapPages(pageCount, alignedTo: alignment, below: limit) {
      if pages.start >= mapped.start { return pages }
      aside.append(pages)
    }
    return nil
  }

  mutating func freeHeapPages(_ pages: PageRange) -> Bool { allocator.freeHeapPages(pages) }
}
