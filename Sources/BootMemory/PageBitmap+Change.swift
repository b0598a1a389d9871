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
      validate(index)
      let word = storedWord(index)
      replaceWord(index, with: free ? word | mask : word & ~mask)
    } else {
      setAcrossWords(from: start, to: end, free: free)
    }
  }

  /// Makes the pages in `mask` of word `index` free, or reserved, if every one is the other now.
  ///
  /// - Returns: Whether that was so; nothing has changed otherwise.
  /// - Complexity: O(levels).
  @inline(__always)
  mutating func toggle(_ mask: BitmapWord, inWord index: UInt, free: Bool) -> Bool {
    // The valid word's group is valid, and so the whole of it need not be descended to again.
    if (index ^ validWord) &>> BitmapWord.bitShift != 0 {
      validateGroup(index &>> BitmapWord.bitShift)
    }
    let state = state(ofWord: index)
    let word = state.isUniform ? state.uniformWord : storedWord(index)
    guard word & mask == (free ? 0 : mask) else { return false }
    validWord = index
    replaceWord(index, with: word ^ mask)
    return true
  }

  /// Replaces a word of a valid group.
  @inline(__always)
  mutating func replaceWord(_ index: UInt, with word: BitmapWord) {
    storeWord(index, word)
    // Most changes leave the state of the word as it was.
    let summary = GroupSummary(word)
    if summary.state != state(ofWord: index) { propagate(summary, fromWord: index) }
  }

  /// Tells the groups above a word how free it has become, as far up as that changes anything.
  @_optimize(speed) @inline(never)
  private mutating func propagate(_ summary: GroupSummary, fromWord word: UInt) {
    propagate(summary, fromChild: word, onLevel: 1)
  }

  /// Tells the groups from `level` up how free a child has become.
  @inline(__always)
  private mutating func propagate(
    _ summary: GroupSummary, fromChild child: UInt, onLevel level: Int
  ) {
    var summary = summary
    var child = child
    var level = level
    while level <= rootLevel {
      let index = child &>> BitmapWord.bitShift
      var planes = planes(ofGroup: index, onLevel: level)
      let old = planes.summary
      planes.setSummary(ofChild: child & Self.bitMask, to: summary)
      store(planes, inGroup: index, onLevel: level)
      summary = planes.summary
      if summary == old { return }
      child = index
      level &+= 1
    }
  }

  /// Makes the word `index` and every group above it valid.
  private mutating func validate(_ index: UInt) {
    guard index != validWord else { return }
    validateGroup(index &>> BitmapWord.bitShift)
    let state = state(ofWord: index)
    if state.isUniform { storeWord(index, state.uniformWord) }
    validWord = index
  }

  /// Makes a group of level 1 and every group above it valid: where a parent says that all or none
  /// of the pages are free, what lies below is written for the first time.
  @_optimize(speed) @inline(never)
  private mutating func validateGroup(_ index: UInt) {
    // The level is small, and so is the shift: it is below the width for every layout.
    var shift = BitmapWord.bitShift &* UInt(bitPattern: rootLevel &- 2)
    var level = rootLevel
    while level > 1 {
      let child = index &>> shift
      let group = unsafe group(child &>> BitmapWord.bitShift, onLevel: level)
      let bit = BitmapWord(truncatingIfNeeded: child)
      let low = unsafe group[0] &>> bit & 1
      let high = unsafe group[1] &>> bit & 1
      level &-= 1
      // 0 or 1, so that taking it from 0 gives none or all bits.
      if low == high { fillGroup(child, onLevel: level, with: 0 &- low) }
      shift &-= BitmapWord.bitShift
    }
  }

  /// Sets a range that begins and ends in different words, from the bottom up.
  ///
  /// On each level the range begins in one child and ends in another, which have been dealt with;
  /// those between them are free or reserved as a whole from now on.
  ///
  ///     level 2            [ left  ######  right ]
  ///     level 1     [  left ######]  ...  [##### right   ]
  ///     level 0   [   #####]   ...            ...  [###     ]
  @_optimize(speed)
  private mutating func setAcrossWords(from start: UInt, to end: UInt, free: Bool) {
    var left = start &>> BitmapWord.bitShift
    let last = end &- 1
    var right = last &>> BitmapWord.bitShift
    validate(left)
    validate(right)
    var leftSummary = fillWord(left, .ones(from: start & Self.bitMask), free: free)
    var rightSummary = fillWord(right, .ones(upTo: last & Self.bitMask), free: free)
    var level = 1
    while (left ^ right) &>> BitmapWord.bitShift != 0 {
      leftSummary = setChild(
        left, onLevel: level, to: leftSummary, filling: .ones(above: left & Self.bitMask), free)
      rightSummary = setChild(
        right, onLevel: level, to: rightSummary, filling: .ones(below: right & Self.bitMask), free)
      left &>>= BitmapWord.bitShift
      right &>>= BitmapWord.bitShift
      level &+= 1
    }
    let index = left &>> BitmapWord.bitShift
    var planes = planes(ofGroup: index, onLevel: level)
    let old = planes.summary
    let between =
      BitmapWord.ones(above: left & Self.bitMask) & BitmapWord.ones(below: right & Self.bitMask)
    planes.fill(between, free: free)
    planes.setSummary(ofChild: left & Self.bitMask, to: leftSummary)
    planes.setSummary(ofChild: right & Self.bitMask, to: rightSummary)
    store(planes, inGroup: index, onLevel: level)
    if planes.summary != old {
      propagate(planes.summary, fromChild: index, onLevel: level &+ 1)
    }
  }

  @inline(__always)
  private func fillWord(_ index: UInt, _ mask: BitmapWord, free: Bool) -> GroupSummary {
    let word = storedWord(index) & ~mask | (free ? mask : 0)
    storeWord(index, word)
    return GroupSummary(word)
  }

  /// Sets how free a child is, numbered on the level below, and those of its group in `mask`.
  @inline(__always)
  private func setChild(
    _ child: UInt, onLevel level: Int, to summary: GroupSummary, filling mask: BitmapWord,
    _ free: Bool
  ) -> GroupSummary {
    let index = child &>> BitmapWord.bitShift
    var planes = planes(ofGroup: index, onLevel: level)
    planes.fill(mask, free: free)
    planes.setSummary(ofChild: child & Self.bitMask, to: summary)
    store(planes, inGroup: index, onLevel: level)
    return planes.summary
  }
}
