// SPDX-License-Identifier: MIT
import PageBitmap

/// Runs: any number of adjoining pages.
extension PageTree {
  /// Allocates a run.
  ///
  /// A run that fits a block comes from one, as ``allocate(order:count:below:)`` finds it, and what
  /// is left of the block stays free.  Otherwise it takes the lowest adjoining free pages, wherever
  /// they begin.
  ///
  /// - Parameters:
  ///   - count: How many pages; not 0.
  ///   - alignment: A power of two that the number of the first page frame must be divisible by.
  ///   - end: The bit after the last one that may be in it.
  /// - Returns: The first page's bit; nil if there are no such pages.
  /// - Complexity: O(levels) within a word; O(words of the block) within a block; O(words)
  /// otherwise.
  mutating func allocateRun(count: UInt, alignment: UInt, below end: UInt) -> UInt? {
    let order = Self.order(holding: max(count, alignment))
    if order <= Self.maximumOrder {
      let size: UInt = count < BitmapWord.bitCount ? count : 1 &<< order
      if let bit = allocate(order: order, count: size, below: end) {
        if size != count { give(from: bit &+ count, to: bit &+ size) }
        return bit
      }
    }
    disown()
    giveSpare()
    guard let bit = findRun(count: count, alignment: alignment, below: end) else { return nil }
    take(from: bit, to: bit &+ count)
    return bit
  }

  /// Frees a run if there is one of that many pages at this bit.
  ///
  /// - Parameters:
  ///   - bit: A page of the node.
  ///   - count: Not 0.
  /// - Returns: Whether there was one; otherwise nothing has changed.
  /// - Complexity: O(levels) within a word; O(words of the run) otherwise.
  @_optimize(speed)
  mutating func freeRun(_ bit: UInt, count: UInt) -> Bool {
    if count < BitmapWord.bitCount, isValid(bit &>> PageTreeLayout.groupOrder),
      freePages(at: bit, order: Self.order(holding: count), count: count)
    {
      return true
    }
    guard case .run(count) = find(bit) else { return false }
    give(from: bit, to: bit &+ count)
    return true
  }

  /// Resizes a run in place.
  ///
  /// - Parameters:
  ///   - bit: A page of the node.
  ///   - count: How many pages the run has.
  ///   - newCount: The new number of pages; not 0.
  ///   - end: The bit after the last one that may be in it if it becomes longer.
  /// - Returns: Whether there was such a run and, if it becomes longer, the pages after it were
  ///   free.  Otherwise nothing has changed.
  /// - Complexity: O(words of the run).
  mutating func resizeRun(_ bit: UInt, from count: UInt, to newCount: UInt, below end: UInt) -> Bool
  {
    guard case .run(count) = find(bit) else { return false }
    if newCount == count { return true }
    if newCount < count {
      give(from: bit &+ newCount, to: bit &+ count)
      return true
    }
    let (runEnd, newEnd) = (bit &+ count, bit &+ newCount)
    guard newEnd >= bit, newEnd <= min(end, endWord &<< BitmapWord.bitShift) else { return false }
    disown()
    giveSpare()
    guard areFree(from: runEnd, to: newEnd) else { return false }
    take(from: runEnd, to: newEnd, isRest: true)
    return true
  }

  /// The order of the smallest block that holds that many pages, at least 1.
  @inline(__always)
  static func order(holding count: UInt) -> UInt {
    // The number of zeros is at most the width.
    UInt(bitPattern: UInt.bitWidth &- (count &- 1).leadingZeroBitCount)
  }

  /// The number of pages of the run that begins at this page.
  ///
  /// - Complexity: O(words of the run).
  mutating func runLength(at bit: UInt) -> UInt {
    let index = bit &>> BitmapWord.bitShift
    let place = bit & Self.bitMask
    // Beyond the word, zeros are shifted in, which look like more of the run: `left` bounds them.
    let taken = freeWord(index) | headWord(index)
    let others = (taken &>> BitmapWord(truncatingIfNeeded: place)) &>> 1
    let left = Self.bitMask &- place
    let rest = min(UInt(bitPattern: others.trailingZeroBitCount), left)
    guard rest == left else { return rest &+ 1 }
    var length = rest &+ 1
    var next = index &+ 1
    while true {
      let rest = restCount(ofWord: next)
      length &+= rest
      if rest < BitmapWord.bitCount { return length }
      next &+= 1
    }
  }

  /// How many pages at the beginning of a word are the rest of a run that begins before it.
  ///
  /// - Parameter index: The word after one of a valid group.
  /// - Complexity: O(levels).
  mutating func restCount(ofWord index: UInt) -> UInt {
    guard index < endWord, index != spareWord,
      index & Self.bitMask != 0 || isValid(index &>> BitmapWord.bitShift)
    else { return 0 }
    // Usually something begins there; free pages have no head bit.
    let heads = headWord(index)
    if heads & 1 != 0 { return 0 }
    let state = state(ofWord: index)
    if state == Self.allFreeState { return 0 }
    if state == 0 && isInside(index) { return BitmapWord.bitCount }
    return UInt(bitPattern: (freeWord(index) | heads).trailingZeroBitCount)
  }
}

/// Searching.
extension PageTree {
  /// The first of the lowest `count` adjoining free pages; nil if there are none.  There must be no
  /// owned word and no spare block.
  private mutating func findRun(count: UInt, alignment: UInt, below end: UInt) -> UInt? {
    let last = min(end, endWord &<< BitmapWord.bitShift)
    // The bit after the last page that is not free.
    var start: UInt = 0
    var bit: UInt = 0
    while bit < last {
      let groupEnd = bit &+ 1 &<< PageTreeLayout.groupOrder
      if let isFree = isFree(group: bit &>> PageTreeLayout.groupOrder) {
        bit = groupEnd
        if !isFree { start = bit }
      }
      while bit < groupEnd {
        // Each page that is not free ends the free pages before it.
        var others = ~free(ofWord: bit &>> BitmapWord.bitShift)
        while others != 0 {
          let next = bit | others.firstOne
          if let first = aligned(start, to: alignment, count: count, below: min(next, last)) {
            return first
          }
          start = next &+ 1
          others &= others &- 1
        }
        bit &+= BitmapWord.bitCount
      }
      if let first = aligned(start, to: alignment, count: count, below: min(bit, last)) {
        return first
      }
    }
    return nil
  }

  /// The first page from `start` on whose number is divisible by `alignment`; nil if `count` pages
  /// from there do not end by `end`.
  private func aligned(
    _ start: UInt, to alignment: UInt, count: UInt, below end: UInt
  ) -> UInt? {
    let number = firstPageNumber &+ start
    // Rounds up to the next multiple; a result that wraps around is rejected below.
    let first = ((number &+ (alignment &- 1)) & ~(alignment &- 1)) &- firstPageNumber
    return first >= start && first < end && end &- first >= count ? first : nil
  }

  /// Whether a group of words is entirely free, or has nothing free; nil for one in between, which
  /// is valid then.
  private mutating func isFree(group: UInt) -> Bool? {
    var level = rootLevel
    var shift = rootShift
    while true {
      let child = group &>> shift
      let planes = unsafe planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
      let bit = child & Self.bitMask
      if unsafe !planes[Int(bitPattern: Self.valid)].isOne(at: bit) {
        if unsafe !planes[Int(bitPattern: Self.unknown)].isOne(at: bit) {
          return unsafe planes[Int(bitPattern: Self.maximumOrder)].isOne(at: bit)
        }
        validate(child: child, onLevel: level)
      }
      if level == 2 { break }
      level &-= 1
      shift &-= BitmapWord.bitShift
    }
    let planes = statePlanes(ofGroup: group)
    if planes.0 & planes.1 & planes.2 == .max { return true }
    return planes.0 | planes.1 | planes.2 == 0 ? false : nil
  }

  /// The free pages of a word of a valid group.
  private func free(ofWord index: UInt) -> BitmapWord {
    switch state(ofWord: index) {
    case 0: 0
    case Self.allFreeState: .max
    default: freePages(ofWord: index)
    }
  }

  /// Whether all of these pages are free.  There must be no owned word and no spare block.
  private mutating func areFree(from start: UInt, to end: UInt) -> Bool {
    var bit = start
    while bit < end {
      let index = bit &>> BitmapWord.bitShift
      validate(index &>> BitmapWord.bitShift)
      let wordEnd = min((index &+ 1) &<< BitmapWord.bitShift, end)
      let mask = BitmapWord.ones(from: bit & Self.bitMask, count: wordEnd &- bit)
      if free(ofWord: index) & mask != mask { return false }
      bit = wordEnd
    }
    return true
  }
}

/// Changing.
extension PageTree {
  /// Allocates pages, which are all free, as a run, or as the rest of one.
  private mutating func take(from start: UInt, to end: UInt, isRest: Bool = false) {
    changeWords(from: start, to: end) { tree, index, mask in
      let first = start &>> BitmapWord.bitShift
      let head: BitmapWord = isRest || index != first ? 0 : .one(at: start & Self.bitMask)
      let state = tree.state(ofWord: index)
      if state == Self.allFreeState {
        tree.setFreeWord(index, ~mask)
        tree.setHeadWord(index, head)
        return (~mask).state
      }
      tree.setFreeWord(index, tree.freeWord(index) & ~mask)
      tree.setHeadWord(index, tree.headWord(index) | head)
      return tree.freePages(ofWord: index).state
    }
  }

  /// Frees pages that belong to one run.
  private mutating func give(from start: UInt, to end: UInt) {
    changeWords(from: start, to: end) { tree, index, mask in
      // Inside a run the free bits are not stored.
      let isInside = tree.state(ofWord: index) == 0 && tree.isInside(index)
      let free = isInside ? 0 : tree.freeWord(index)
      tree.setFreeWord(index, free | mask)
      tree.setHeadWord(index, tree.headWord(index) & ~mask)
      return index == tree.ownedWord ? 0 : tree.freePages(ofWord: index).state
    }
  }

  /// Calls `change` for each word that has bits from `start` up to `end`, with the mask of those
  /// bits; `change` returns the word's new state.
  @inline(__always)
  private mutating func changeWords(
    from start: UInt, to end: UInt, _ change: (inout PageTree, UInt, BitmapWord) -> UInt
  ) {
    var bit = start
    while bit < end {
      let group = bit &>> PageTreeLayout.groupOrder
      validate(group)
      let groupEnd = min((group &+ 1) &<< PageTreeLayout.groupOrder, end)
      let old = classes(ofGroup: group)
      while bit < groupEnd {
        let index = bit &>> BitmapWord.bitShift
        let wordEnd = min((index &+ 1) &<< BitmapWord.bitShift, groupEnd)
        let mask = BitmapWord.ones(from: bit & Self.bitMask, count: wordEnd &- bit)
        setState(ofWord: index, change(&self, index, mask))
        bit = wordEnd
      }
      toggle(old ^ classes(ofGroup: group), ofChild: group)
    }
  }

  /// The classes of a valid group, by the states of its words.
  private mutating func classes(ofGroup group: UInt) -> UInt {
    let planes = statePlanes(ofGroup: group)
    var classes = blockClasses(ofGroup: group)
    for state in 1...PageTreeLayout.wordOrder
    where Self.words(withState: state, in: planes) != 0 {
      classes |= 1 &<< (state &- 1)
    }
    return classes
  }

  /// Stores a word's state without updating the classes.
  private mutating func setState(ofWord index: UInt, _ state: UInt) {
    let states = unsafe states(ofGroup: index &>> BitmapWord.bitShift)
    let bit = BitmapWord.one(at: index & Self.bitMask)
    for plane in 0..<PageTreeLayout.stateWordCount {
      let isOne = state &>> plane & 1 != 0
      let old = unsafe states[Int(bitPattern: plane)]
      unsafe states[Int(bitPattern: plane)] = isOne ? old | bit : old & ~bit
    }
  }
}
