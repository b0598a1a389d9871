/// Freeing and reserving ranges.
extension PageBitmap {
  /// Makes every page from `start` up to `end` free, or reserved.
  ///
  /// - Precondition: `start` < `end` ≤ ``bitCount``.
  /// - Complexity: O(levels); a word at a time at the two ends of the range, and nothing between.
  @inline(__always)
  mutating func set(from start: UInt, to end: UInt, free: Bool) {
    let word = start &>> BitmapWord.bitShift
    // `end` is above `start`, so 1 can be taken from it.
    if word == (end &- 1) &>> BitmapWord.bitShift {
      let bit = start & (BitmapWord.bitCount &- 1)
      setInWord(word, BitmapWord.ones(from: bit, count: end &- start), free: free)
    } else {
      setAcrossWords(from: start, to: end, free: free)
    }
  }

  /// The word with number `index`, made valid together with all groups above it.
  @inline(__always)
  mutating func validatedWord(_ index: UInt) -> BitmapWord {
    if index != validWord {
      validate(index)
    }
    return storedWord(index)
  }

  @inline(__always)
  private mutating func setInWord(_ index: UInt, _ mask: BitmapWord, free: Bool) {
    let old = validatedWord(index)
    let new = free ? old | mask : old & ~mask
    storeWord(index, new)
    // Most changes leave the state of the word as it was.
    let summary = GroupSummary(new)
    if summary != GroupSummary(old) {
      propagate(summary, fromWord: index)
    }
  }

  /// Tells the groups above a word how free it has become, as far up as that changes anything.
  private func propagate(_ newSummary: GroupSummary, fromWord word: UInt) {
    var summary = newSummary
    var child = word
    for level in 1...rootLevel {
      let index = child &>> BitmapWord.bitShift
      var planes = planes(ofGroup: index, onLevel: level)
      let old = planes.summary
      planes.setSummary(ofChild: child & (BitmapWord.bitCount &- 1), to: summary)
      store(planes, inGroup: index, onLevel: level)
      summary = planes.summary
      if summary == old { return }
      child = index
    }
  }

  /// Makes the word `index` and every group above it valid: where a parent says that all or none of
  /// the pages are free, what lies below is written for the first time.
  private mutating func validate(_ index: UInt) {
    for level in stride(from: rootLevel, to: 0, by: -1) {
      // The level is small, and so is the shift: it is below the width for every layout.
      let child = index &>> (BitmapWord.bitShift &* UInt(bitPattern: level &- 1))
      validateChild(child, onLevel: level)
    }
    validWord = index
  }

  /// Makes one child, numbered on the level below, of a valid group of `level` valid.
  @inline(__always)
  private func validateChild(_ child: UInt, onLevel level: Int) {
    let planes = planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
    let bit = child & (BitmapWord.bitCount &- 1)
    if !planes.mixed.isOne(at: bit) {
      fillGroup(child, onLevel: level &- 1, with: planes.allFree.isOne(at: bit) ? .max : 0)
    }
  }

  private mutating func setAcrossWords(from start: UInt, to end: UInt, free: Bool) {
    // The valid word may come to lie below a uniform group.
    validWord = .max
    _ = setInGroup(0, onLevel: rootLevel, from: start, to: end, free: free)
  }

  /// Sets the part of a valid group from `start` to `end`, bits of level 0 that lie in the group.
  ///
  /// Children that lie in the range as a whole just change state; at most two, at its ends, do so
  /// in part and are descended into.
  ///
  /// - Returns: How free the group is now.
  private func setInGroup(
    _ index: UInt, onLevel level: Int, from start: UInt, to end: UInt, free: Bool
  ) -> GroupSummary {
    let bitMask = BitmapWord.bitCount &- 1
    guard level > 0 else {
      let mask = BitmapWord.ones(from: start & bitMask, count: end &- start)
      let word = free ? storedWord(index) | mask : storedWord(index) & ~mask
      storeWord(index, word)
      return GroupSummary(word)
    }
    let shift = BitmapWord.bitShift &* UInt(bitPattern: level)
    let childMask = ((1 as UInt) &<< shift) &- 1
    var planes = planes(ofGroup: index, onLevel: level)
    // The children that lie in the range as a whole: start rounded up, end rounded down.
    var first = start &>> shift
    let behind = end &>> shift
    if start & childMask != 0 {
      // The end of this child, or of the range if that comes first.
      let childEnd = (first &+ 1) &<< shift
      validateChild(first, onLevel: level)
      let summary = setInGroup(
        first, onLevel: level &- 1, from: start, to: min(end, childEnd), free: free)
      planes.setSummary(ofChild: first & bitMask, to: summary)
      first &+= 1
    }
    if first < behind {
      planes.fill(.ones(from: first & bitMask, count: behind &- first), free: free)
    }
    if end & childMask != 0 && first <= behind {
      validateChild(behind, onLevel: level)
      let summary = setInGroup(
        behind, onLevel: level &- 1, from: behind &<< shift, to: end, free: free)
      planes.setSummary(ofChild: behind & bitMask, to: summary)
    }
    store(planes, inGroup: index, onLevel: level)
    return planes.summary
  }
}
