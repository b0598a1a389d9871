// SPDX-License-Identifier: MIT
import BootMemory
import KernelHeap
import PageAllocator
import PhysicalMemory

/// Where the runtime's heap gets its pages from: the kernel's boot memory, then its page allocator.
@safe struct RuntimePages: HeapPageSource {
  private var memory: UnsafeMutablePointer<BootMemory>?
  private var pages: UnsafeMutablePointer<PageAllocator>?

  /// No source, which has no pages.
  init() {
    unsafe memory = nil
    unsafe pages = nil
  }

  init(_ memory: UnsafeMutablePointer<BootMemory>) {
    unsafe self.memory = unsafe memory
    unsafe pages = nil
  }

  init(_ pages: UnsafeMutablePointer<PageAllocator>) {
    unsafe memory = nil
    unsafe self.pages = unsafe pages
  }

  func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    unsafe pages?.pointee.allocateHeapPages(pageCount, alignedTo: alignment, below: limit)
      ?? memory?.pointee.allocateHeapPages(pageCount, alignedTo: alignment, below: limit)
  }

  func freeHeapPages(_ range: PageRange) -> Bool {
    unsafe pages?.pointee.freeHeapPages(range) ?? memory?.pointee.freeHeapPages(range) ?? false
  }
}
