// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import KernelHeap
import PhysicalMemory

#if BOOTMEM_HEAP_DEBUG
/// The heap of libbootmem_heap_debug.a; see bootmem_heap_debug.h.
typealias Heap = DebugHeap
#else
typealias Heap = KernelHeap
#endif

/// The heap that every call works on, and where its pages come from.
///
/// Its storage is defined in C, like that of `BootMemory`; all zeros mean a heap without memory,
/// which starts with the first allocation that finds none.
enum HeapState {
  @inline(__always)
  static var heap: UnsafeMutablePointer<Heap> {
    unsafe bootmem_heap_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: Heap.self)
  }

  static var state: UnsafeMutablePointer<bootmem_heap_state> {
    unsafe bootmem_heap_state_pointer().unsafelyUnwrapped
  }

  /// Where the pages come from.
  static var source: HeapPages { unsafe HeapPages(given: state.pointee.source) }

  /// Starts an empty heap, if there is none.
  static func startIfNeeded() {
    if unsafe state.pointee.is_started != 0 { return }
    #if BOOTMEM_HEAP_DEBUG
    unsafe start(bootmem_heap_source())
    #else
    // A heap that was started before `bootmem_setup` has no memory either, and is all zeros but for
    // what `start` sets.
    let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
    if unsafe platform.pointee.size == 0 || state.pointee.source.size != 0 {
      return unsafe start(bootmem_heap_source())
    }
    unsafe state.pointee.is_started = 1
    unsafe heap.pointee.start(directMapOffset: platform.pointee.direct_map_offset)
    #endif
  }

  /// Starts an empty heap.
  static func start(_ source: bootmem_heap_source) {
    if MemoryLayout<Heap>.size > BOOTMEM_HEAP_CORE_SIZE { bootmem_room_is_too_small() }
    let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
    unsafe state.pointee.source = unsafe source
    // Before `bootmem_setup` nothing is known of the direct map.
    unsafe state.pointee.is_started = platform.pointee.size == 0 ? 0 : 1
    unsafe heap.initialize(to: Heap(directMapOffset: platform.pointee.direct_map_offset))
  }
}

/// The pages of bootmem, then the kept pages; or those of the kernel's own page allocator.
@safe struct HeapPages: HeapPageSource {
  private let given: bootmem_heap_source

  init(given: bootmem_heap_source) {
    unsafe self.given = unsafe given
  }

  private var memory: UnsafeMutablePointer<BootMemory> {
    unsafe bootmem_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemory.self)
  }

  private var isSetUp: Bool {
    // All zeros before `bootmem_setup`, and no platform has that size.
    unsafe bootmem_platform_pointer().unsafelyUnwrapped.pointee.size != 0
  }

  /// The functions of the page allocator; nil before `bootmem_keep_pages`.
  private var kept: UnsafeMutablePointer<bootmem_kept_pages>? {
    unsafe memory.pointee.arePagesKept ? bootmem_kept_pointer() : nil
  }

  /// The page frame that all kept pages must lie below, 0 for no such limit; nil if no page lies
  /// below it.
  private var limit: UInt? {
    guard let end = unsafe memory.pointee.mappedEnd else { return 0 }
    let number = UInt(truncatingIfNeeded: end.pageFrame.number)
    return number == 0 ? nil : number
  }

  mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    guard isSetUp else { return nil }
    guard let count = UInt(exactly: pageCount), let align = UInt(exactly: alignment) else {
      return nil
    }
    let first: UInt
    if let allocate = unsafe given.allocate {
      first = unsafe allocate(given.context, count, align)
    } else if let kept = unsafe kept, let allocate = unsafe kept.pointee.allocate {
      guard let limit = self.limit else { return nil }
      first = allocate(count, align, -1, limit)
    } else {
      return unsafe memory.pointee.allocateHeapPages(pageCount, alignedTo: alignment, below: limit)
    }
    if first == .max { return nil }
    return PageRange(start: PageFrame(UInt64(first)), pageCount: pageCount)
  }

  mutating func freeHeapPages(_ pages: PageRange) -> Bool {
    // They came from this machine's words.
    let first = UInt(truncatingIfNeeded: pages.start.number)
    let count = UInt(truncatingIfNeeded: pages.pageCount)
    if let free = unsafe given.free { return unsafe free(given.context, first, count) == 0 }
    if let kept = unsafe kept, let free = unsafe kept.pointee.free {
      return free(first, count) == 0
    }
    return unsafe memory.pointee.freeHeapPages(pages)
  }

  mutating func resizeHeapPages(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool {
    if unsafe given.free != nil { return false }
    if let kept = unsafe kept, let resize = unsafe kept.pointee.resize {
      guard let newCount = UInt(exactly: pageCount), let limit = self.limit else { return false }
      return resize(
        UInt(truncatingIfNeeded: pages.start.number), UInt(truncatingIfNeeded: pages.pageCount),
        newCount, limit) == 0
    }
    return unsafe memory.pointee.resizeHeapPages(pages, toPageCount: pageCount, below: limit)
  }

  var givesClearedPages: Bool {
    unsafe given.allocate != nil && given.flags & UInt32(BOOTMEM_HEAP_CLEARED) != 0
  }
}
