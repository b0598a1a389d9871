// SPDX-License-Identifier: MIT
import CPageCaches

/// The cache of one processor: its words, and the rules for touching them.
///
/// A processor *enters* its cache, changes it and leaves.  Another one that wants the pages holds
/// the lock, marks them as *wanted*, and touches them only if the cache is not entered after that.
/// So that the two cannot both miss the other's mark, there is a full barrier between what each
/// writes and what it reads; see ``PageCachesPlatform/fenceOthers`` for which side executes it.
///
/// While a cache is not entered, the holder of the lock may change all of its words.  Otherwise its
/// processor changes the contents, and the holder of the lock sets only what is wanted.
@safe struct ProcessorCache {
  /// `PageCache` has no other content.
  let words: UnsafeMutablePointer<UInt>

  /// The blocks of one order in a cache, the last freed on top, as the indices of its words.
  struct Stack {
    /// The number of blocks.
    let count: Int

    /// How many there may be: the capacity, or 0 while they are wanted.
    let limit: Int

    /// How many there may be while they are not wanted.
    let capacity: Int

    /// The first block.
    let first: Int

    /// Single pages.
    static var pages: Stack { Stack(count: 3, limit: 4, capacity: 7, first: 16) }

    /// Blocks of 2^9 pages.
    static var largeBlocks: Stack { Stack(count: 5, limit: 6, capacity: 8, first: 120) }

    /// The stack for this order; nil if there is none.
    static func of(order: Int) -> Stack? {
      if order == 0 { return pages }
      return order == largeOrder ? largeBlocks : nil
    }
  }

  private static var isEnteredPlace: Int { 0 }
  private static var isWantedPlace: Int { 1 }
  private static var fencesPlace: Int { 2 }

  static var wordCount: Int { 128 }
  static var largeOrder: Int { 9 }

  /// From the first page to the first large block, and from there to the end.
  static var maximumPageCount: Int { Stack.largeBlocks.first - Stack.pages.first }
  static var maximumLargeBlockCount: Int { wordCount - Stack.largeBlocks.first }

  /// Makes this an empty cache with these limits.
  func start(_ limits: PageCacheLimits, fences: Bool) {
    for index in 0..<Self.wordCount { unsafe words[index] = 0 }
    unsafe words[Self.fencesPlace] = fences ? 1 : 0
    unsafe words[Stack.pages.capacity] = UInt(bitPattern: limits.pageCount)
    unsafe words[Stack.largeBlocks.capacity] = UInt(bitPattern: limits.largeBlockCount)
    // The word that an empty stack has on top, so that no page is equal to it.
    unsafe words[Stack.pages.first - 1] = .max
    setWanted(false)
  }

  /// Whether its processor is about to change it.
  var isEntered: Bool { unsafe page_caches_load(words + Self.isEnteredPlace) != 0 }

  /// Whether another processor waits for the blocks.
  var isWanted: Bool { unsafe words[Self.isWantedPlace] != 0 }

  /// Sets whether the blocks are wanted; the caller holds the lock.
  func setWanted(_ isWanted: Bool) {
    setLimit(of: .pages, isWanted)
    setLimit(of: .largeBlocks, isWanted)
    unsafe page_caches_store(words + Self.isWantedPlace, isWanted ? 1 : 0)
  }

  private func setLimit(of stack: Stack, _ isWanted: Bool) {
    unsafe page_caches_store(words + stack.limit, isWanted ? 0 : words[stack.capacity])
  }

  /// Enters the cache, on its own processor; the caller must next check whether the blocks are
  /// wanted.
  ///
  /// - Returns: Whether it could; false if this interrupted a call that had entered the cache.
  @inline(__always)
  private func enter() -> Bool {
    guard unsafe words[Self.isEnteredPlace] == 0 else { return false }
    unsafe page_caches_store_early(words + Self.isEnteredPlace, 1)
    if unsafe words[Self.fencesPlace] != 0 { page_caches_fence() }
    return true
  }

  @inline(__always)
  private func leave() { unsafe page_caches_store(words + Self.isEnteredPlace, 0) }

  /// Takes a block from the top; nil if there is none, or the cache may not be changed.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  func take(_ stack: Stack) -> UInt? {
    guard enter() else { return nil }
    if unsafe page_caches_load(words + Self.isWantedPlace) == 0 {
      let (count, isEmpty) = unsafe words[stack.count].subtractingReportingOverflow(1)
      if !isEmpty {
        let block = unsafe words[stack.first &+ Int(bitPattern: count)]
        unsafe words[stack.count] = count
        leave()
        return block
      }
    }
    leave()
    return nil
  }

  /// Puts a block on top, unless the cache is full or may not be changed, or the block is there
  /// already.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  func put(_ block: UInt, on stack: Stack) -> Bool {
    guard enter() else { return false }
    let limit = unsafe page_caches_load(words + stack.limit)
    // If the limit is 0, the holder of the lock may be writing the count, and it does not matter.
    let count = unsafe page_caches_load_own(words + stack.count)
    let place = stack.first &+ Int(bitPattern: count)
    // For large blocks, the word below the first has any value: a block equal to it only takes the
    // slow path.
    if count < limit, unsafe words[place &- 1] != block {
      unsafe words[place] = block
      unsafe page_caches_increment_own(words + stack.count)
      leave()
      return true
    }
    leave()
    return false
  }

  // ---- Under the lock, while the cache is not entered ----

  /// The number of blocks.
  func count(of stack: Stack) -> Int { unsafe Int(bitPattern: words[stack.count]) }

  /// The greatest number of blocks.
  func capacity(of stack: Stack) -> Int { unsafe Int(bitPattern: words[stack.capacity]) }

  /// Sets the number of blocks.
  func setCount(of stack: Stack, _ count: Int) {
    unsafe page_caches_store(words + stack.count, UInt(bitPattern: count))
  }

  /// The blocks, in the order in which they were freed.
  func blocks(of stack: Stack) -> UnsafeMutablePointer<UInt> { unsafe words + stack.first }
}
