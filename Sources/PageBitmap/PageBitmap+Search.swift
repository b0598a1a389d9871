// SPDX-License-Identifier: MIT

/// Finding free and reserved pages.
///
/// These methods change nothing.  They are mutating because a mutating method gets the address of
/// the bitmap, where any other would get a copy of all its pointers.
extension PageBitmap {
  /// What a search looks for.
  enum Sought {
    case freePage
    /// An aligned group of 8 free pages, or part of a larger one.
    case freeByte
    /// A word whose pages are all free.
    case freeWord
    case reservedPage
  }

  /// The first run of free pages that is long enough; nil if there is none.
  ///
  /// The result is the lowest bit, at or above `start`, that stands for a page frame divisible by
  /// `step` and begins a run of `length` free pages, all below `end`.
  ///
  /// A run of 2n - 1 free pages contains an aligned group of n.  So a long run is found by words
  /// that are entirely free, a shorter one by free bytes, and only the shortest by free pages; each
  /// plane of the tree leads there directly, past anything smaller.  Then the run is followed back
  /// to its start, which lies less than n pages before the group.
  ///
  /// - Parameters:
  ///   - length: The number of pages; at least 1.
  ///   - step: The alignment in pages; a power of two.
  ///   - start: Where to begin.
  ///   - end: Where to end; at most ``bitCount``.
  /// - Complexity: O(levels) for each group of free pages that turns out to be too short.
  package mutating func firstRun(
    ofLength length: UInt, alignedTo step: UInt, from start: UInt, below end: UInt
  ) -> UInt? {
    let width = BitmapWord.bitCount
    let sought: Sought
    let groupLength: UInt
    // 2n - 1 for a word of n pages, and for a byte of 8.
    if length >= width &* 2 &- 1 {
      (sought, groupLength) = (.freeWord, width)
    } else if length >= 15 {
      (sought, groupLength) = (.freeByte, 8)
    } else {
      (sought, groupLength) = (.freePage, 1)
    }
    let stepMask: BitmapWord = step == 1 ? .max : step < width ? .ones(every: step) : 1
    var position = start
    while true {
      guard position < end, end &- position >= length else { return nil }
      guard let found = first(sought, from: position, below: end) else { return nil }
      var wordIndex = found.bit &>> BitmapWord.bitShift
      var word = found.word
      if found.bit > position {
        // Not below 0: if a group is longer than 1 page, a bit found above `position` is the first
        // of a later word, and the word before it has at least that many bits.
        let begin = found.bit &- (groupLength &- 1)
        if begin > position { position = begin }
        if position < found.bit {
          wordIndex = position &>> BitmapWord.bitShift
          word = self.word(wordIndex)
        }
      }
      let wordStart = wordIndex &<< BitmapWord.bitShift
      let firstBit = position & Self.bitMask
      let starts = (word & .ones(from: firstBit)).runStarts(ofLength: length) & stepMask
      guard starts != 0 else {
        position = wordStart &+ width
        continue
      }
      let run = wordStart | starts.firstOne
      if step > width {
        // The bit of an aligned page frame; a page frame is its bit plus `firstPageNumber`.
        let aligned = aligned(run, to: step)
        if aligned != run {
          position = aligned
          continue
        }
      }
      guard run < end, end &- run >= length else { return nil }
      let nextWord = wordStart &+ width
      if nextWord &- run >= length { return run }
      let reserved = firstReserved(from: nextWord, below: run &+ length)
      guard let reserved else { return run }
      position = reserved &+ 1
    }
  }

  /// The first bit at or above `bit` that stands for a page frame divisible by `step`.
  @inline(__always)
  package func aligned(_ bit: UInt, to step: UInt) -> UInt {
    // Page frame numbers and steps are at most 2^52, or half the range of a 32-bit word, so no sum
    // overflows.
    let number = bit &+ firstPageNumber
    return ((number &+ (step &- 1)) & ~(step &- 1)) &- firstPageNumber
  }

  /// The lowest free page at or above `start` and below `end`; nil if there is none.
  ///
  /// - Complexity: O(levels).
  @inline(__always)
  package mutating func firstFree(from start: UInt, below end: UInt) -> UInt? {
    guard start < end, let found = first(.freePage, from: start, below: end), found.bit < end else {
      return nil
    }
    return found.bit
  }

  /// The lowest reserved page at or above `start` and below `end`; nil if there is none.
  ///
  /// - Complexity: O(levels).
  @inline(__always)
  package mutating func firstReserved(from start: UInt, below end: UInt) -> UInt? {
    guard start < end, let found = first(.reservedPage, from: start, below: end), found.bit < end
    else {
      return nil
    }
    return found.bit
  }

  /// Whether no page from `start` up to `end` is free.
  ///
  /// Only the paths down to the two ends are examined: the groups on those paths show what lies
  /// between the ends.
  ///
  /// - Precondition: `start` < `end` ≤ ``bitCount``.
  /// - Complexity: O(levels).
  @inline(never)
  package mutating func isReserved(from start: UInt, to end: UInt) -> Bool {
    var planes = self.planes(ofGroup: 0, onLevel: rootLevel)
    // This is the case when a node has just been registered.
    if planes.anyFree == 0 { return true }
    var level = rootLevel &- 1
    var shift = BitmapWord.bitShift &* UInt(bitPattern: level &+ 1)
    // `end` is above `start`, so subtracting 1 cannot wrap.
    let last = end &- 1
    while true {
      let left = start &>> shift & Self.bitMask
      let right = last &>> shift & Self.bitMask
      if left != right {
        let between = BitmapWord.ones(above: left) & .ones(below: right)
        return planes.anyFree & between == 0
          && isReserved(planes, left, from: start, upwards: true, onLevel: level)
          && isReserved(planes, right, from: last, upwards: false, onLevel: level)
      }
      if !planes.anyFree.isOne(at: left) { return true }
      if planes.allFree.isOne(at: left) { return false }
      if level == 0 {
        let mask = BitmapWord.ones(from: start & Self.bitMask) & .ones(upTo: last & Self.bitMask)
        return storedWord(start &>> BitmapWord.bitShift) & mask == 0
      }
      planes = self.planes(ofGroup: start &>> shift, onLevel: level)
      level &-= 1
      shift &-= BitmapWord.bitShift
    }
  }

  /// Whether no page of a child is free from `page` on, upwards or downwards, `page` included.
  ///
  /// The child is number `child` of `planes`: a group of `level` or, on level 0, a word.
  @inline(never)
  private mutating func isReserved(
    _ planes: GroupPlanes, _ child: UInt, from page: UInt, upwards: Bool, onLevel level: Int
  ) -> Bool {
    var planes = planes
    var child = child
    var level = level
    var shift = BitmapWord.bitShift &* UInt(bitPattern: level)
    while planes.mixed.isOne(at: child) {
      if level == 0 {
        let bit = page & Self.bitMask
        let mask = upwards ? BitmapWord.ones(from: bit) : .ones(upTo: bit)
        return storedWord(page &>> BitmapWord.bitShift) & mask == 0
      }
      planes = self.planes(ofGroup: page &>> (shift &+ BitmapWord.bitShift), onLevel: level)
      child = page &>> shift & Self.bitMask
      let beside = upwards ? BitmapWord.ones(above: child) : .ones(below: child)
      if planes.anyFree & beside != 0 { return false }
      level &-= 1
      shift &-= BitmapWord.bitShift
    }
    return !planes.anyFree.isOne(at: child)
  }

  /// Whether a page is free.
  ///
  /// - Complexity: O(levels).
  package mutating func isFree(_ bit: UInt) -> Bool {
    word(bit &>> BitmapWord.bitShift).isOne(at: bit & Self.bitMask)
  }

  /// The word with number `index`, whether or not it is stored.
  ///
  /// - Complexity: O(levels).
  package mutating func word(_ index: UInt) -> BitmapWord {
    for level in stride(from: rootLevel, to: 0, by: -1) {
      let child = index &>> (BitmapWord.bitShift &* UInt(bitPattern: level &- 1))
      let planes = planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
      let bit = child & Self.bitMask
      if !planes.mixed.isOne(at: bit) { return planes.allFree.isOne(at: bit) ? .max : 0 }
    }
    return storedWord(index)
  }

  /// The first word that holds what is sought, at or after the word of `start`; nil if there is
  /// none.
  ///
  /// For a page, the result's `bit` is that page; for a free byte or word it is `start` or, in a
  /// later word, the first bit of that word.  Bits of the word before `bit` do not count.  The
  /// search ends at `end`, but may return a place beyond it.
  ///
  /// - Complexity: O(levels).
  @inline(never)
  private mutating func first(_ sought: Sought, from start: UInt, below end: UInt) -> (
    bit: UInt, word: BitmapWord
  )? {
    var bit = start
    // In the group of the last change, the path down is known to be valid.  Before the first
    // change, no page has the cursor's word number.
    let cursorIndex = cursor.wordNumber &- firstPageNumber &>> BitmapWord.bitShift
    let isBesideCursor = start &>> BitmapWord.bitShift ^ cursorIndex < BitmapWord.bitCount
    var level = isBesideCursor ? 1 : rootLevel
    while bit < end {
      let shift = BitmapWord.bitShift &* UInt(bitPattern: level)
      let child = bit &>> shift
      let planes = planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
      let firstChild = child & Self.bitMask
      let candidates = planes.children(with: sought) & .ones(from: firstChild)
      guard candidates != 0 else {
        // Nothing in the rest of this group.  Continue after it, on the lowest level above where
        // the parent of the next group is also on the path to here, and so valid.
        if level == rootLevel { return nil }
        var group = (child &>> BitmapWord.bitShift) &+ 1
        bit = group &<< (shift &+ BitmapWord.bitShift)
        repeat {
          level &+= 1
          if group & Self.bitMask != 0 { break }
          group &>>= BitmapWord.bitShift
        } while level < rootLevel
        continue
      }
      let candidate = candidates.firstOne
      if candidate != firstChild {
        bit = (child &- firstChild &+ candidate) &<< shift
      }
      if !planes.mixed.isOne(at: candidate) {
        return (bit, planes.allFree.isOne(at: candidate) ? .max : 0)
      }
      if level > 1 {
        level &-= 1
        continue
      }
      let word = storedWord(bit &>> BitmapWord.bitShift)
      guard sought == .freePage || sought == .reservedPage else { return (bit, word) }
      let ones = BitmapWord.ones(from: bit & Self.bitMask)
      let pages = (sought == .freePage ? word : ~word) & ones
      if pages != 0 {
        return ((bit & ~Self.bitMask) | pages.firstOne, word)
      }
      // There are such pages in this word, but none from `bit` on: continue after it.
      bit = (bit | Self.bitMask) &+ 1
      // If the next word belongs to another group, find that group from the top.
      if bit & (BitmapWord.bitCount &* BitmapWord.bitCount &- 1) == 0 { level = rootLevel }
    }
    return nil
  }
}

extension GroupPlanes {
  /// The children in which `sought` is found.
  @inline(__always)
  func children(with sought: PageBitmap.Sought) -> BitmapWord {
    if sought == .freePage { return anyFree }
    if sought == .reservedPage { return ~allFree }
    return sought == .freeByte ? high : word
  }
}
