// SPDX-License-Identifier: MIT
import PageBitmap

/// The outcome of freeing a single page.
package enum SingleFree {
  /// Nothing has changed: it is not a block of order 0, or finding out takes longer.
  case refused
  case done
  /// The page is free, but not yet in the classes: `finishFree` comes next.
  case begun
  /// The page is free, as the only one of its word, but not yet in the classes: `finishFirstFree`
  /// comes next.
  case begunFirst
}

/// Freeing blocks.
extension PageTree {
  /// Frees a page if it was allocated with order 0.
  ///
  /// - Parameters:
  ///   - bit: A page of the node.
  /// - Complexity: O(levels).
  @inline(__always)
  mutating func freeSinglePage(_ bit: UInt) -> SingleFree {
    let index = bit &>> BitmapWord.bitShift
    guard isValid(index &>> BitmapWord.bitShift) else { return .refused }
    let free = freeWord(index)
    let heads = headWord(index)
    let place = bit & Self.bitMask
    guard
      Self.isPage(free: free, heads: heads, at: place)
        || place == Self.bitMask && isLastPage(free: free, heads: heads, ofWord: index)
    else { return .refused }
    let page = BitmapWord.one(at: place)
    setFreeWord(index, free ^ page)
    setHeadWord(index, heads ^ page)
    // Most frees leave the state as it was: there were other free pages and this page's neighbor is
    // not free, or there were other free pairs and the neighbor of its pair is not free.
    let others = free & ~heads
    if others == 0 { return .begunFirst }
    let neighbour = BitmapWord(truncatingIfNeeded: place ^ 1)
    if others &>> neighbour & 1 == 0 { return .done }
    let pairs = others.pairs(ofOrder: 0)
    let neighbours = BitmapWord(truncatingIfNeeded: (place ^ 2) & ~1)
    return pairs != 0 && pairs &>> neighbours & 1 == 0 ? .done : .begun
  }

  /// Whether the last page of a word is a block of order 0; false if finding out takes longer.
  private func isLastPage(free: BitmapWord, heads: BitmapWord, ofWord index: UInt) -> Bool {
    // The page is a whole block if the next word, usually of the same group, begins with a head:
    // that of another block or of something reserved.
    (heads & ~free).isOne(at: Self.bitMask) && index & Self.bitMask != Self.bitMask
      && headWord(index &+ 1) & 1 != 0
  }

  /// Frees a block if there is one of this order at this bit.
  ///
  /// - Parameters:
  ///   - bit: A page of the node.
  ///   - order: At most ``maximumOrder``.
  /// - Returns: Whether there was one; otherwise nothing has changed.
  /// - Complexity: O(levels).
  @_optimize(speed)
  mutating func free(_ bit: UInt, order: UInt) -> Bool {
    let index = bit &>> BitmapWord.bitShift
    guard isValid(index &>> BitmapWord.bitShift) else { return false }
    guard order < PageTreeLayout.wordOrder else {
      guard isBlockOfWords(at: bit, order: order) else { return false }
      setHeadWord(index, 0)
      giveSpare()
      setSpare(index, order: order)
      return true
    }
    return freePages(at: bit, order: order, count: 1 &<< order)
  }

  /// Frees a run within one word, if a run of that many pages begins at this bit of a valid group.
  ///
  /// - Parameters:
  ///   - order: The smallest order of a block that holds that many pages; at most a word's.
  ///   - count: Fewer than a word has.
  /// - Returns: Whether there was one that begins where such a block does; otherwise nothing has
  ///   changed.
  /// - Complexity: O(levels).
  @inline(__always)
  mutating func freePages(at bit: UInt, order: UInt, count: UInt) -> Bool {
    let index = bit &>> BitmapWord.bitShift
    let place = bit & Self.bitMask
    guard place & ((1 &<< order) &- 1) == 0 else { return false }
    let free = freeWord(index)
    let heads = headWord(index)
    guard isBlock(at: bit, free: free, heads: heads, count: count) else { return false }
    let block = BitmapWord.ones(from: place, count: count)
    setFreeWord(index, free ^ block)
    setHeadWord(index, heads ^ .one(at: place))
    if free & ~heads == 0 && count == 1 &<< order {
      finishFirstFree(bit, order: order)
    } else {
      finishFree(bit)
    }
    return true
  }

  /// Updates the state of a word in which a block was freed.
  ///
  /// - Parameter bit: The block's first page.  More than half of the smallest aligned block that
  ///   holds it has become free, so that the largest free block, if it has grown, contains this
  ///   page.
  @_optimize(speed)
  mutating func finishFree(_ bit: UInt) {
    let index = bit &>> BitmapWord.bitShift
    if index == ownedWord { return }
    // A state is the order above that of the largest block; is there a block of that order now?
    let state = state(ofWord: index)
    let size: UInt = 1 &<< state
    let mask = BitmapWord.ones(from: bit & Self.bitMask & ~(size &- 1), count: size)
    let free = freePages(ofWord: index)
    if free & mask == mask { changeState(ofWord: index, from: state, toThatOf: free) }
  }

  /// Updates the state of a word in which a block was freed and nothing else is free.
  @_optimize(speed)
  mutating func finishFirstFree(_ bit: UInt, order: UInt) {
    let index = bit &>> BitmapWord.bitShift
    if index == ownedWord { return }
    changeState(ofWord: index, from: 0, to: order &+ 1, isLast: false)
  }

  /// Whether a word has a block of `count` pages at this bit, fewer than a word has and all in this
  /// word.
  private mutating func isBlock(
    at bit: UInt, free: BitmapWord, heads: BitmapWord, count: UInt
  ) -> Bool {
    let place = BitmapWord(truncatingIfNeeded: bit & Self.bitMask)
    let size = BitmapWord(truncatingIfNeeded: count)
    // The rest of the block, then something else; beyond the word, zeros are shifted in.
    let others = ~(free | heads) &>> place & ((2 &<< size) &- 1)
    guard (heads & ~free) &>> place & 1 == 1 && others == (1 &<< size) &- 2 else { return false }
    return bit & Self.bitMask &+ count != BitmapWord.bitCount
      || restCount(ofWord: bit &>> BitmapWord.bitShift &+ 1) == 0
  }

  /// Whether there is a block of this order, at least a word's, at this bit of a valid group.
  @inline(__always)
  private mutating func isBlockOfWords(at bit: UInt, order: UInt) -> Bool {
    guard bit & ((1 &<< order) &- 1) == 0 else { return false }
    let index = bit &>> BitmapWord.bitShift
    let count: UInt = 1 &<< (order &- PageTreeLayout.wordOrder)
    // An aligned block lies in one group; only that it ends within the node must be checked.
    guard endWord &- index >= count else { return false }
    guard headWord(index) == 1, freeWord(index) == 0 else { return false }
    let planes = statePlanes(ofGroup: index &>> BitmapWord.bitShift)
    let place = index & Self.bitMask
    guard (planes.0 | planes.1 | planes.2) & .ones(from: place, count: count) == 0 else {
      return false
    }
    let next = index &+ count
    var heads: BitmapWord = 0
    var word = index &+ 1
    while word < next {
      heads |= headWord(word)
      word &+= 1
    }
    guard heads == 0, ownedWord &- index >= count, spareWord &- index >= count else {
      return false
    }
    // A longer run would continue in the next word.
    return restCount(ofWord: next) == 0
  }

  /// Whether a word with state 0 lies inside a block; if so, it has no head, and its free bits are
  /// not stored.
  func isInside(_ index: UInt) -> Bool {
    headWord(index) == 0 && index != ownedWord && index != spareWord
  }

  /// What the tree finds out about a page.
  enum Finding: Equatable {
    case free
    case reserved
    case insideBlock
    case run(count: UInt)
  }

  /// Finds out what a page is.
  mutating func find(_ bit: UInt) -> Finding {
    let index = bit &>> BitmapWord.bitShift
    let group = index &>> BitmapWord.bitShift
    guard isValid(group) else {
      // Nothing has been allocated there.
      return isFreeByBootBitmap(bit) ? .free : .reserved
    }
    let place = bit & Self.bitMask
    if allFreeWords(ofGroup: group).isOne(at: index & Self.bitMask) { return .free }
    if spareWord != .max, bit &- spareWord &<< BitmapWord.bitShift < 1 &<< spareOrder {
      return .free
    }
    if state(ofWord: index) == 0, isInside(index) { return .insideBlock }
    switch (freeWord(index).isOne(at: place), headWord(index).isOne(at: place)) {
    case (true, false): return .free
    case (true, true): return .reserved
    case (false, false): return .insideBlock
    case (false, true): break
    }
    return .run(count: runLength(at: bit))
  }

  private mutating func isFreeByBootBitmap(_ bit: UInt) -> Bool {
    var bootBitmap = bootBitmap
    let bootBit = bit &- firstWord &<< BitmapWord.bitShift
    return bootBitmap.word(bootBit &>> BitmapWord.bitShift).isOne(at: bootBit & Self.bitMask)
  }
}
