// SPDX-License-Identifier: MIT
import BootMemory
import PageAllocator
import PhysicalMemory
import TextOutput

/// Pages for many processors: each has some free ones of its own, which it takes and gives back
/// without a lock, and only every thirty-second call goes to the page allocator.
///
/// What lies in a cache is allocated as far as the page allocator knows, and free otherwise: an
/// allocation that would fail takes the pages of all caches back first, of other processors' too,
/// and so does counting.  See <doc:OwnPages>.
///
/// All processors use copies of one value at the same time.  One processor makes one call at a time: a
/// kernel does not move a thread to another processor in the middle of a call.  An interrupt's
/// handler may call, also when it has interrupted a call, if the kernel's lock keeps interrupts
/// off.
@safe public struct PageCaches: @unchecked Sendable {
  /// The order of the blocks that are cached beside single pages.
  public static var largeOrder: Int { ProcessorCache.largeOrder }

  let set: PageCacheSet
  let source: AllocatorSource

  /// Makes empty caches.
  ///
  /// - Parameters:
  ///   - pages: The page allocator, which must stay in place, and which from now on only the
  ///     caches, or a holder of their lock, call: see ``withPages(_:)``.
  ///   - storage: A cache for each processor, of any content; it must stay in place.
  ///   - limits: How much each keeps.
  ///   - platform: The lock.
  /// - Complexity: O(caches).
  @unsafe
  public init(
    of pages: UnsafeMutablePointer<PageAllocator>,
    storage: UnsafeMutableBufferPointer<PageCache>, limits: PageCacheLimits = PageCacheLimits(),
    platform: PageCachesPlatform
  ) {
    set = unsafe PageCacheSet(
      storage, pagesBelow: UInt(clamping: pages.pointee.end.number), limits: limits,
      platform: platform)
    source = unsafe AllocatorSource(pages: pages, platform: platform)
  }

  /// Allocates 2^`order` pages, the first with a number divisible by that.
  ///
  /// - Parameters:
  ///   - order: From 0 to 10.
  ///   - processor: The one that calls.  One that has no cache goes to the page allocator.
  /// - Returns: The first page.
  /// - Throws: `PageAllocatorError.outOfPages(order:)`,
  ///   `PageAllocatorError.orderOutOfRange(_:)`.
  /// - Complexity: O(1) for a block of the cache; otherwise that of half as many allocations as a
  ///   cache keeps blocks, and where memory is short, of as many frees as all keep.
  @_optimize(speed)
  public func allocate(
    order: Int = 0, by processor: ProcessorID
  ) throws(PageAllocatorError) -> PageFrame {
    if let page = set.allocateQuickly(order: order, by: processor.rawValue) {
      return PageFrame(UInt64(page))
    }
    return try allocateSlowly(order: order, by: processor)
  }

  @inline(never)
  private func allocateSlowly(
    order: Int, by processor: ProcessorID
  ) throws(PageAllocatorError) -> PageFrame {
    guard order >= 0, order <= PageAllocator.maximumOrder else { throw .orderOutOfRange(order) }
    guard let page = set.allocate(order: order, by: processor.rawValue, from: source) else {
      throw .outOfPages(order: order)
    }
    return PageFrame(UInt64(page))
  }

  /// Frees a block, whoever allocated it.
  ///
  /// Whether it is one that was allocated is examined when it goes from the cache to the page
  /// allocator, and then reported by ``PageCachesPlatform/report``; at once only if it is the one
  /// that this processor freed last, and the cache has not been emptied since, or a single page past
  /// all nodes.
  ///
  /// - Parameters:
  ///   - page: Its first page.
  ///   - order: Its order, the same as it was allocated with.
  ///   - processor: The one that calls.
  /// - Throws: `PageAllocatorError.notAllocated(_:order:_:)`,
  ///   `PageAllocatorError.orderOutOfRange(_:)`.
  /// - Complexity: O(1) if the cache has room; otherwise that of half as many frees as it keeps blocks.
  @_optimize(speed)
  public func free(
    _ page: PageFrame, order: Int = 0, by processor: ProcessorID
  ) throws(PageAllocatorError) {
    if let number = UInt(exactly: page.number),
      set.freeQuickly(number, order: order, by: processor.rawValue)
    {
      return
    }
    try freeSlowly(page, order: order, by: processor)
  }

  @inline(never)
  private func freeSlowly(
    _ page: PageFrame, order: Int, by processor: ProcessorID
  ) throws(PageAllocatorError) {
    set.lock()
    defer { set.unlock() }
    // Words of 32 bits cannot number a page beyond them, which the page allocator refuses.
    if let number = UInt(exactly: page.number),
      set.free(number, order: order, by: processor.rawValue, to: source)
    {
      return
    }
    unsafe try source.pages.pointee.free(page, order: order)
  }
}
