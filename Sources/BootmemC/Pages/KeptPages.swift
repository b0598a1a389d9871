// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PageAllocator
import PhysicalMemory

/// The page allocator that every call works on, the only global state here.
///
/// Its storage is defined in C, like that of `BootMemory`; before `bootmem_keep_pages` it is all
/// zeros, and it is never read.
enum KeptPages {
  /// Boot memory; nil before `bootmem_setup`.
  static var memory: UnsafeMutablePointer<BootMemory>? {
    // All zeros before `bootmem_setup`, and no platform has that size.
    let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
    return unsafe platform.pointee.size != 0 ? bootMemory : nil
  }

  /// The allocator; nil before `bootmem_keep_pages`, and after another `bootmem_setup`.
  @inline(__always)
  static var pages: UnsafeMutablePointer<PageAllocator>? {
    // All zeros before `bootmem_setup`, and that is false.
    unsafe bootMemory.pointee.arePagesKept ? storage : nil
  }

  @inline(__always)
  private static var bootMemory: UnsafeMutablePointer<BootMemory> {
    unsafe bootmem_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemory.self)
  }

  @inline(__always)
  private static var storage: UnsafeMutablePointer<PageAllocator> {
    unsafe bootmem_pages_core_pointer().unsafelyUnwrapped
      .assumingMemoryBound(to: PageAllocator.self)
  }

  /// Takes the pages over.
  static func keep(_ memory: UnsafeMutablePointer<BootMemory>) throws(PageAllocatorError) {
    if MemoryLayout<PageAllocator>.size > BOOTMEM_PAGES_CORE_SIZE
      || MemoryLayout<PageNode>.stride > BOOTMEM_PAGES_NODE_SIZE
    {
      bootmem_room_is_too_small()
    }
    let nodes = unsafe bootmem_pages_nodes_pointer().unsafelyUnwrapped
      .assumingMemoryBound(to: PageNode.self)
    let slots = unsafe UnsafeMutableBufferPointer(start: nodes, count: Int(BOOTMEM_MAX_NODES))
    unsafe storage.initialize(to: try PageAllocator(takingOver: &memory.pointee, nodes: slots))
    unsafe bootmem_state_pointer().unsafelyUnwrapped.pointee.release_kept = releaseLate
    serveHeap()
  }

  /// Gives the heap and the caches, if the kernel has them, the functions to get pages by from here
  /// on.
  private static func serveHeap() {
    let kept = unsafe bootmem_kept_pointer().unsafelyUnwrapped
    unsafe kept.pointee.allocate = { count, align, nid, limit_pfn in
      guard let pages = unsafe KeptPages.pages else { return .max }
      let end = limit(limit_pfn)
      if count == 1, align == 1, nid == -1,
        let page = unsafe pages.pointee.allocateSinglePage(below: end)
      {
        return UInt(truncatingIfNeeded: page.number)
      }
      let run = unsafe try? pages.pointee.allocate(
        pageCount: UInt64(count), alignedTo: UInt64(align),
        on: nid == -1 ? nil : NodeID(Int(nid)), below: end)
      return run.map { UInt(truncatingIfNeeded: $0.start.number) } ?? .max
    }
    unsafe kept.pointee.free = { pfn, count in
      guard let pages = unsafe KeptPages.pages,
        let run = PageRange(start: PageFrame(UInt64(pfn)), pageCount: UInt64(count)),
        unsafe pages.pointee.takeBack(run)
      else { return invalid }
      return 0
    }
    unsafe kept.pointee.resize = { pfn, count, new_count, limit_pfn in
      guard let pages = unsafe KeptPages.pages,
        let run = PageRange(start: PageFrame(UInt64(pfn)), pageCount: UInt64(count)),
        unsafe pages.pointee.resizeOrRelease(
          run, toPageCount: UInt64(new_count), below: limit(limit_pfn))
      else { return invalid }
      return 0
    }
  }
}
