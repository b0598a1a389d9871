// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PageCaches
import PhysicalMemory

/// The caches that every call works on.
///
/// Their storage is defined in C, like that of `BootMemory`; all zeros mean no caches, and no lock.
enum CachesState {
  @inline(__always)
  static var set: UnsafeMutablePointer<PageCacheSet> {
    unsafe bootmem_caches_core_pointer().unsafelyUnwrapped
      .assumingMemoryBound(to: PageCacheSet.self)
  }

  private static var memory: UnsafeMutablePointer<BootMemory> {
    unsafe bootmem_core_pointer().unsafelyUnwrapped.assumingMemoryBound(to: BootMemory.self)
  }

  /// Whether there are kept pages.
  static var arePagesKept: Bool {
    // All zeros before `bootmem_setup`, and that is false.
    unsafe memory.pointee.arePagesKept
  }

  /// The number of the page after the last of all nodes.
  private static var end: UInt {
    guard let last = unsafe memory.pointee.lastNode else { return 0 }
    // Pages of this machine fit its words.
    return unsafe UInt(truncatingIfNeeded: last.pointee.span.end.number)
  }

  /// Starts with empty caches.
  static func start(_ caches: bootmem_caches) {
    if MemoryLayout<PageCacheSet>.size > BOOTMEM_CACHES_CORE_SIZE
      || MemoryLayout<PageCache>.size != MemoryLayout<bootmem_cache>.size
    {
      bootmem_room_is_too_small()
    }
    var platform = PageCachesPlatform()
    unsafe platform.context = caches.context
    unsafe platform.lock = caches.lock
    unsafe platform.unlock = caches.unlock
    unsafe platform.fenceOthers = caches.fence_others
    let room = unsafe UnsafeMutableRawPointer(caches.room)?
      .assumingMemoryBound(to: PageCache.self)
    let storage = unsafe UnsafeMutableBufferPointer(start: room, count: Int(caches.count))
    unsafe set.initialize(
      to: PageCacheSet(
        storage, pagesBelow: end,
        limits: PageCacheLimits(
          pageCount: Int(caches.max_pages), largeBlockCount: Int(caches.max_large_blocks)),
        platform: platform))
  }
}

/// The kept pages below the caches.
struct KeptPages: PageCacheSource {
  /// Allocates a block of an order that exists; a failure is not written, as the caches may have
  /// what is missing.
  func allocate(order: Int) -> UInt? {
    KeptPages.allocateRun(1 << UInt(order), alignedTo: 1 << UInt(order), on: -1, below: 0)
  }

  static func allocateRun(
    _ count: UInt, alignedTo alignment: UInt, on node: Int32, below limit: UInt
  ) -> UInt? {
    let kept = unsafe bootmem_kept_pointer().unsafelyUnwrapped
    guard let allocate = unsafe kept.pointee.allocate else { return nil }
    let first = allocate(count, alignment, node, limit)
    return first == .max ? nil : first
  }

  /// Frees a block, and writes a refusal.
  func free(_ block: UInt, order: Int) {
    _ = bootmem_pages_free(block, UInt32(truncatingIfNeeded: order))
  }
}
