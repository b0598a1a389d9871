/// Freeing and reserving ranges.
///
/// `@_optimize(speed)` stands where the library, which is built for size as a whole, spends its
/// time.
extension PageBitmap {
  /// Makes every page from `start` up to `end` free, or reserved.
  ///
  /// - Precondition: `start` < `end` ≤ ``bitCount``.
  /// - Complexity: O(levels); a word at a time at the two ends of the range, and nothing between.
  mutating func set(from start: UInt, to end: UInt, free: Bool) {
    let index = start &>> BitmapWord.bitShift
    // `end` is above `start`, so 1 can be taken from it.
    if index == (end &- 1) &>> BitmapWord.bitShift {
      let mask = BitmapWord.ones(from: start & Self.bitMask, count: end &- start)
      let old = validatedWord(index)
      replaceWord(index, old, with: free ? old | mask : old & ~mask)
    } else {
      // The valid word may come to lie below a uniform group.
      validWord = .max
      _ = setInGroup(0, onLevel: rootLevel, from: start, to: end, free: free)
    }
  }

  /// The word with number `index`, made valid together with all groups above it.
  @inline(__always)
  mutating func validatedWord(_ index: UInt) -> BitmapWord {
    if index != validWord { validate(index) }
    return storedWord(index)
  }

  /// Replaces a valid word, with valid groups above it.
  @inline(__always)
  mutating func replaceWord(_ index: UInt, _ old: BitmapWord, with new: BitmapWord) {
    storeWord(index, new)
    // Most changes leave the state of the word as it was.
    let summary = GroupSummary(new)
    if summary != GroupSummary(old) { propagate(summary, fromWord: index) }
  }

  /// Tells the groups above a word how free it has become, as far up as that changes anything.
  @_optimize(speed) @inline(never)
  private func propagate(_ newSummary: GroupSummary, fromWord word: UInt) {
    var summary = newSummary
    var child = word
    for level in 1...rootLevel {
      let index = child &>> BitmapWord.bitShift
      var planes = planes(ofGroup: index, onLevel: level)
      let old = planes.summary
      planes.setSummary(ofChild: child & Self.bitMask, to: summary)
      store(planes, inGroup: index, onLevel: level)
      summary = planes.summary
      if summary == old { return }
      child = index
    }
  }

  /// Makes the word `index` and every group above it valid: where a parent says that all or none of
  /// the pages are free, what lies below is written for the first time.
  @_optimize(speed) @inline(never)
  private mutating func validate(_ index: UInt) {
    // The level is small, and so is the shift: it is below the width for every layout.
    var shift = BitmapWord.bitShift &* UInt(bitPattern: rootLevel &- 1)
    for level in stride(from: rootLevel, to: 1, by: -1) {
      validateChild(index &>> shift, onLevel: level)
      shift &-= BitmapWord.bitShift
    }
    validateChild(index, onLevel: 1)
    validWord = index
  }

  /// Makes one child, numbered on the level below, of a valid group of `level` valid.
  @inline(__always)
  private func validateChild(_ child: UInt, onLevel level: Int) {
    let planes = planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
    let bit = child & Self.bitMask
    if !planes.mixed.isOne(at: bit) {
      fillGroup(child, onLevel: level &- 1, with: planes.allFree.isOne(at: bit) ? .max : 0)
    }
  }

  /// Sets the part of a valid group from `start` to `end`, bits of level 0 that lie in the group.
  ///
  /// Children that lie in the range as a whole just change state; at most two, at its ends, do so
  /// in part and are descended into.
  ///
  /// - Returns: How free the group is now.
  @_optimize(speed)
  private func setInGroup(
    _ index: UInt, onLevel level: Int, from start: UInt, to end: UInt, free: Bool
  ) -> GroupSummary {
    guard level > 0 else {
      let mask = BitmapWord.ones(from: start & Self.bitMask, count: end &- start)
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
      planes.setSummary(ofChild: first & Self.bitMask, to: summary)
      first &+= 1
    }
    if first < behind {
      planes.fill(.ones(from: first & Self.bitMask, count: behind &- first), free: free)
    }
    if end & childMask != 0 && first <= behind {
      validateChild(behind, onLevel: level)
      let summary = setInGroup(
        behind, onLevel: level &- 1, from: behind &<< shift, to: end, free: free)
      planes.setSummary(ofChild: behind & Self.bitMask, to: summary)
    }
    store(planes, inGroup: index, onLevel: level)
    return planes.summary
  }
}
