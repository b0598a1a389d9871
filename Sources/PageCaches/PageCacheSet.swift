// SPDX-License-Identifier: MIT
import CPageCaches

/// The caches of all processors, on top of any page allocator.
@safe package struct PageCacheSet {
  private let caches: UnsafeMutablePointer<PageCache>?
  private let count: UInt
  private let end: UInt
  private let platform: PageCachesPlatform

  /// Makes empty caches in storage with any content, which must stay in place.
  ///
  /// - Parameter end: The number of the page after the last.
  package init(
    _ storage: UnsafeMutableBufferPointer<PageCache>, pagesBelow end: UInt,
    limits: PageCacheLimits, platform: PageCachesPlatform
  ) {
    unsafe caches = storage.baseAddress
    count = UInt(bitPattern: storage.count)
    self.end = end
    self.platform = platform
    for index in 0..<count {
      cache(at: index).start(limits, fences: unsafe platform.fenceOthers == nil)
    }
  }

  /// The cache with this number; there must be one.
  @inline(__always)
  private func cache(at index: UInt) -> ProcessorCache {
    let cache = unsafe UnsafeMutableRawPointer(caches.unsafelyUnwrapped + Int(bitPattern: index))
    return unsafe ProcessorCache(words: cache.assumingMemoryBound(to: UInt.self))
  }

  /// The cache of a processor; nil if there is none.
  @inline(__always)
  private func cache(of processor: Int) -> ProcessorCache? {
    let index = UInt(bitPattern: processor)
    return index < count ? cache(at: index) : nil
  }

  /// Takes a block out of a processor's cache; nil if there is none.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package func allocateQuickly(order: Int, by processor: Int) -> UInt? {
    guard let cache = cache(of: processor) else { return nil }
    if _fastPath(order == 0) { return cache.take(.pages) }
    return order == ProcessorCache.largeOrder ? cache.take(.largeBlocks) : nil
  }

  /// Puts a block into a processor's cache.
  ///
  /// - Returns: Whether there was room; false also for the block that was put there last.
  /// - Complexity: O(1).
  @inline(__always)
  package func freeQuickly(_ block: UInt, order: Int, by processor: Int) -> Bool {
    guard let cache = cache(of: processor) else { return false }
    // For a large block, a number beyond the end is found when the block is given back.
    if _fastPath(order == 0) { return block < end && cache.put(block, on: .pages) }
    return order == ProcessorCache.largeOrder && cache.put(block, on: .largeBlocks)
  }

  /// Keeps other callers out.
  package func lock() { unsafe platform.lock?(platform.context) }

  /// Lets other callers in again.
  package func unlock() { unsafe platform.unlock?(platform.context) }

  /// Allocates a block, and others for the processor's cache if that has none of this order.
  ///
  /// - Returns: The number of the first page; nil if all caches are empty, too.
  /// - Complexity: O(blocks) calls of the source, half as many as a cache keeps.
  package func allocate(order: Int, by processor: Int, from source: some PageCacheSource) -> UInt? {
    lock()
    defer { unlock() }
    if let block = refill(order: order, by: processor, from: source) { return block }
    while giveBackAll(by: processor, to: source) {
      if let block = source.allocate(order: order) { return block }
    }
    return nil
  }

  /// Allocates a block for the caller and, if the cache may be used and is empty, as many for the
  /// cache as half of it keeps.
  private func refill(
    order: Int, by processor: Int, from source: some PageCacheSource
  ) -> UInt? {
    guard let cache = cache(of: processor), let stack = ProcessorCache.Stack.of(order: order),
      isOpen(cache, to: source), cache.count(of: stack) == 0
    else { return source.allocate(order: order) }
    guard let block = source.allocate(order: order) else { return nil }
    // The lowest comes on top, and at the bottom lies what is given back first.
    let blocks = unsafe cache.blocks(of: stack)
    // The capacity is not negative.
    var begin = cache.capacity(of: stack) &>> 1
    let end = begin
    while begin > 0, let next = source.allocate(order: order) {
      begin -= 1
      unsafe blocks[begin] = next
    }
    for index in begin..<end { unsafe blocks[index - begin] = blocks[index] }
    cache.setCount(of: stack, end - begin)
    return block
  }

  /// Frees a block into a processor's cache; if that is full, half of it is given back first.
  ///
  /// The caller holds the lock, and still does afterwards.
  ///
  /// - Returns: Whether it did; otherwise the source has to free the block, or to refuse it.
  /// - Complexity: O(blocks) calls of the source, half as many as a cache keeps.
  package func free(
    _ block: UInt, order: Int, by processor: Int, to source: some PageCacheSource
  ) -> Bool {
    guard block < end, let cache = cache(of: processor),
      let stack = ProcessorCache.Stack.of(order: order),
      isOpen(cache, to: source), cache.capacity(of: stack) > 0
    else { return false }
    let blocks = unsafe cache.blocks(of: stack)
    var count = cache.count(of: stack)
    if count > 0, unsafe blocks[count - 1] == block {
      // It was freed already: once it lies in no cache, the source sees that.
      giveBack(cache, to: source)
      return false
    }
    if count == cache.capacity(of: stack) {
      giveBack(cache, stack, order: order, count: (count + 1) / 2, to: source)
      count = cache.count(of: stack)
    }
    unsafe blocks[count] = block
    cache.setCount(of: stack, count + 1)
    return true
  }

  /// Whether a cache's own processor, which holds the lock, may use it.
  ///
  /// It may if this call has not interrupted one that has entered the cache, and nobody wants the
  /// pages.  Pages that are wanted are given back.
  private func isOpen(_ cache: ProcessorCache, to source: some PageCacheSource) -> Bool {
    if cache.isEntered { return false }
    if !cache.isWanted { return true }
    giveBack(cache, to: source)
    return false
  }

  /// Gives all pages of all caches back.
  ///
  /// The caller holds the lock, and still does afterwards; in between, it is released while another
  /// processor is about to leave its cache.  A processor that interrupted its own call leaves out
  /// the pages of its own cache, and of other caches that have been entered.
  ///
  /// - Returns: Whether there were any, or may have been because another processor gave some back.
  /// - Complexity: O(blocks + caches) calls of the source.
  package func giveBackAll(by processor: Int?, to source: some PageCacheSource) -> Bool {
    let own = processor.flatMap { cache(of: $0) }
    let isNested = own?.isEntered ?? false
    for index in 0..<count { cache(at: index).setWanted(true) }
    page_caches_fence()
    unsafe platform.fenceOthers?(platform.context)
    var found = false
    for index in 0..<count {
      let cache = cache(at: index)
      while cache.isEntered, cache.isWanted, !isNested {
        // Its processor may have been interrupted by a caller that waits for the lock.
        unlock()
        page_caches_pause()
        lock()
      }
      // A cache that is no longer wanted has been given back in the meantime.
      let isGivenBack = !cache.isWanted
      if isGivenBack || (!cache.isEntered && giveBack(cache, to: source)) { found = true }
    }
    return found
  }

  /// Gives all pages of a cache back, after which nobody wants them.
  ///
  /// - Returns: Whether there were any.
  @discardableResult
  private func giveBack(_ cache: ProcessorCache, to source: some PageCacheSource) -> Bool {
    let pages = cache.count(of: .pages)
    let largeBlocks = cache.count(of: .largeBlocks)
    giveBack(cache, .pages, order: 0, count: pages, to: source)
    giveBack(
      cache, .largeBlocks, order: ProcessorCache.largeOrder, count: largeBlocks, to: source)
    cache.setWanted(false)
    return pages + largeBlocks > 0
  }

  /// Gives back the `count` blocks that were freed first.
  private func giveBack(
    _ cache: ProcessorCache, _ stack: ProcessorCache.Stack, order: Int, count: Int,
    to source: some PageCacheSource
  ) {
    let blocks = unsafe cache.blocks(of: stack)
    let left = cache.count(of: stack) - count
    for index in 0..<count { unsafe source.free(blocks[index], order: order) }
    for index in 0..<left { unsafe blocks[index] = blocks[index + count] }
    cache.setCount(of: stack, left)
  }
}
