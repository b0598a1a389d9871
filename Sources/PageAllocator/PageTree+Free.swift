import BootMemory

/// Freeing blocks, and releasing what was reserved.
extension PageTree {
  /// Frees a block if there is one of this order at this bit.
  ///
  /// - Parameters:
  ///   - bit: A page of the node.
  ///   - order: At most ``maximumOrder``.
  /// - Returns: Whether there was; nothing has changed otherwise.
  /// - Complexity: O(levels).
  @inline(__always)
  mutating func free(_ bit: UInt, order: UInt) -> Bool {
    let index = bit &>> BitmapWord.bitShift
    guard isValid(index &>> BitmapWord.bitShift) else { return false }
    guard order < PageTreeLayout.wordOrder else { return freeWords(from: bit, order: order) }
    let free = freeWord(index)
    let heads = headWord(index)
    let place = bit & Self.bitMask
    guard Self.isBlock(free: free, heads: heads, at: place, order: order) else { return false }
    let head = BitmapWord.one(at: place)
    let body = BitmapWord.ones(from: place, count: 1 &<< order)
    setFreeWord(index, free ^ body)
    setHeadWord(index, heads ^ head)
    if index == ownedWord { return true }
    let before = free & ~heads
    // Beside free pages, one with a neighbour that is not free changes nothing.
    if order == 0 && before != 0
      && before &>> BitmapWord(truncatingIfNeeded: place ^ 1) & 1 == 0
    {
      return true
    }
    let after = before | body
    // A state is the order above that of the largest block; is there a block of that order now?
    let state = state(ofWord: index)
    let larger: UInt = 1 &<< state
    let mask = BitmapWord.ones(from: place & ~(larger &- 1), count: larger)
    if after & mask != mask { return true }
    changeState(ofWord: index, from: state, toThatOf: after)
    return true
  }

  /// Whether a word has a block of an order below its own at this place.
  @inline(__always)
  static func isBlock(
    free: BitmapWord, heads: BitmapWord, at place: UInt, order: UInt
  ) -> Bool {
    let place = BitmapWord(truncatingIfNeeded: place)
    let count: BitmapWord = 1 &<< BitmapWord(truncatingIfNeeded: order)
    // The rest of the block, then something else; behind the word there are zeros, and no block of
    // such an order goes on there.
    let others = ~(free | heads) &>> place & ((2 &<< count) &- 1)
    return (heads & ~free) &>> place & 1 == 1 && others == (1 &<< count) &- 2
  }

  /// Frees a block of whole words.
  @_optimize(speed) @inline(never)
  private mutating func freeWords(from bit: UInt, order: UInt) -> Bool {
    guard isBlockOfWords(at: bit, order: order) else { return false }
    let index = bit &>> BitmapWord.bitShift
    setHeadWord(index, 0)
    giveWords(from: index, order: order)
    return true
  }

  /// Whether there is a block of this order, at least a word's, at this bit of a valid group.
  @inline(__always)
  private func isBlockOfWords(at bit: UInt, order: UInt) -> Bool {
    guard bit & ((1 &<< order) &- 1) == 0 else { return false }
    let index = bit &>> BitmapWord.bitShift
    let count: UInt = 1 &<< (order &- PageTreeLayout.wordOrder)
    // An aligned block lies in one group; only its place at the node's end is to be checked.
    guard endWord &- index >= count else { return false }
    guard headWord(index) == 1, freeWord(index) == 0 else { return false }
    let planes = statePlanes(ofGroup: index &>> BitmapWord.bitShift)
    let place = index & Self.bitMask
    guard (planes.0 | planes.1 | planes.2) & .ones(from: place, count: count) == 0 else {
      return false
    }
    var others: BitmapWord = 0
    for word in index &+ 1..<index &+ count { others |= freeWord(word) | headWord(word) }
    guard others == 0 else { return false }
    // A larger block would go on in the word behind, of the same group.
    let next = index &+ count
    if order == Self.maximumOrder || index & count != 0 || next == endWord { return true }
    // In a word of free pages only, nothing is stored.
    return (planes.0 & planes.1 & planes.2).isOne(at: place &+ count)
      || (freeWord(next) | headWord(next)) & 1 != 0
  }

  /// What a page is that was not freed.
  enum Finding: Equatable {
    case free
    case reserved
    case insideBlock
    case block(order: UInt)
  }

  /// Looks at a page.
  func find(_ bit: UInt) -> Finding {
    let index = bit &>> BitmapWord.bitShift
    let group = index &>> BitmapWord.bitShift
    guard isValid(group) else {
      // Nothing has been allocated there.
      return isFreeByBootBitmap(bit) ? .free : .reserved
    }
    let place = bit & Self.bitMask
    if allFreeWords(ofGroup: group).isOne(at: index & Self.bitMask) { return .free }
    switch (freeWord(index).isOne(at: place), headWord(index).isOne(at: place)) {
    case (true, false): return .free
    case (true, true): return .reserved
    case (false, false): return .insideBlock
    case (false, true): break
    }
    for order in 0...Self.maximumOrder {
      let isThis =
        order < PageTreeLayout.wordOrder
        ? Self.isBlock(free: freeWord(index), heads: headWord(index), at: place, order: order)
        : isBlockOfWords(at: bit, order: order)
      if isThis { return .block(order: order) }
    }
    return .insideBlock
  }

  private func isFreeByBootBitmap(_ bit: UInt) -> Bool {
    var bootBitmap = bootBitmap
    let bootBit = bit &- firstWord &<< BitmapWord.bitShift
    return bootBitmap.word(bootBit &>> BitmapWord.bitShift).isOne(at: bootBit & Self.bitMask)
  }
}
