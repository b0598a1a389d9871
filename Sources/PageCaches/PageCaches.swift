// SPDX-License-Identifier: MIT
import BootMemory
import PageAllocator
import PhysicalMemory
import TextOutput

/// Page allocation for many processors: each keeps some free pages of its own, which it takes and
/// gives back without a lock, and only every thirty-second call goes to the page allocator.
///
/// Pages in a cache are allocated as far as the page allocator knows, but otherwise count as free:
/// an allocation that would fail first takes back the pages of all caches, including those of other
/// processors, and so does counting.  See <doc:OwnPages>.
///
/// All processors use copies of one value at the same time.  Each makes one call at a time: a
/// kernel must not move a thread to another processor in the middle of a call.  An interrupt
/// handler may make calls, even if it has interrupted one, provided that the kernel's lock keeps
/// interrupts off.
@safe public struct PageCaches: @unchecked Sendable {
  /// The order of the blocks that are cached besides single pages.
  public static var largeOrder: Int { ProcessorCache.largeOrder }

  let set: PageCacheSet
  let source: AllocatorSource

  /// Makes empty caches.
  ///
  /// - Parameters:
  ///   - pages: The page allocator, which must stay in place; from now on only the caches, or a
  ///     holder of their lock, may call it: see ``withPages(_:)``.
  ///   - storage: A cache for each processor, with any content; it must stay in place.
  ///   - limits: How much each keeps.
  ///   - platform: What the caches ask of the kernel, such as the lock.
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

  /// Allocates 2^`order` pages; the first page's number is divisible by 2^`order`.
  ///
  /// - Parameters:
  ///   - order: From 0 to 10.
  ///   - processor: The calling processor.  One that has no cache goes to the page allocator.
  /// - Returns: The first page.
  /// - Throws: `PageAllocatorError.outOfPages(order:)`,
  ///   `PageAllocatorError.orderOutOfRange(_:)`.
  /// - Complexity: O(1) for a block from the cache; otherwise half as many allocations as a cache
  ///   keeps blocks, and where memory is short, as many frees as all caches keep blocks.
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

  /// Frees a block, no matter which processor allocated it.
  ///
  /// Whether it was allocated is checked when it goes from the cache to the page allocator, and a
  /// failure is then reported by ``PageCachesPlatform/report``.  A failure is found at once only if
  /// the block is the one that this processor freed last, and the cache has not been emptied since,
  /// or if it is a single page past all nodes.
  ///
  /// - Parameters:
  ///   - page: Its first page.
  ///   - order: The order that it was allocated with.
  ///   - processor: The calling processor.
  /// - Throws: `PageAllocatorError.notAllocated(_:order:_:)`,
  ///   `PageAllocatorError.orderOutOfRange(_:)`.
  /// - Complexity: O(1) if the cache has room; otherwise half as many frees as it keeps blocks.
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
    // The page allocator refuses a page whose number does not fit a word of 32 bits.
    if let number = UInt(exactly: page.number),
      set.free(number, order: order, by: processor.rawValue, to: source)
    {
      return
    }
    unsafe try source.pages.pointee.free(page, order: order)
  }
}
