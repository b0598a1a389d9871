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
      replaceValidWord(with: free ? word | mask : word & ~mask)
    } else {
      setAcrossWords(from: start, to: end, free: free)
    }
  }

  /// A word that may be about to change, with its state; the groups above it become valid, but it
  /// need not be stored.
  @inline(__always)
  mutating func wordToChange(_ index: UInt) -> (word: BitmapWord, state: WordState) {
    validateGroup(index &>> BitmapWord.bitShift)
    let state = state(ofWord: index)
    return (state.isUniform ? state.uniformWord : storedWord(index), state)
  }

  /// Replaces a word that ``wordToChange(_:)`` has prepared; it is the valid word then.
  @inline(__always)
  mutating func replaceWord(_ index: UInt, _ oldState: WordState, with word: BitmapWord) {
    storeWord(index, word)
    let newState = GroupSummary(word).state
    validWord = index
    validState = newState
    // Most changes leave the state of the word as it was.
    if newState != oldState.bits { update(oldState, ofWord: index, to: newState) }
  }

  /// Replaces the valid word.
  @inline(__always)
  mutating func replaceValidWord(with word: BitmapWord) {
    storeWord(validWord, word)
    let state = GroupSummary(word).state
    if state != validState { updateValidState(to: state) }
  }

  /// Reserves a page of the valid word, which is free.
  @inline(__always)
  mutating func reserveInValidWord(_ bit: UInt) {
    let word = validWordContent & ~.one(at: bit)
    // Most often there was a free byte, and there still is.
    if word.hasFullByte && validState == 0b10 {
      storeWord(validWord, word)
    } else {
      replaceValidWord(with: word)
    }
  }

  @_optimize(speed) @inline(never)
  private mutating func updateValidState(to newState: BitmapWord) {
    validState = newState
    update(state(ofWord: validWord), ofWord: validWord, to: newState)
  }

  /// Writes the new state of a word to its group, which is valid, and to those above if that is
  /// something else then.
  @inline(__always)
  private mutating func update(
    _ state: WordState, ofWord index: UInt, to newState: BitmapWord
  ) {
    if state.high == 0 && newState <= 0b01 {
      // It is a low bit that differs.  Mostly the group stays scattered, as it was.
      let low = state.low ^ 1 &<< state.bit
      unsafe state.group[0] = low
      if state.low == 0 || low == 0 {
        let summary = GroupPlanes(low: low, high: 0, word: 0).summary
        propagate(summary, fromChild: index &>> BitmapWord.bitShift, onLevel: 2)
      }
      return
    }
    let difference = newState ^ state.bits
    let low = state.low ^ (difference & 1) &<< state.bit
    let high = state.high ^ (difference &>> 1) &<< state.bit
    unsafe state.group[0] = low
    unsafe state.group[1] = high
    let old = GroupPlanes(low: state.low, high: state.high, word: state.low & state.high)
    let new = GroupPlanes(low: low, high: high, word: low & high)
    groupChanged(index &>> BitmapWord.bitShift, from: old, to: new)
  }

  /// Tells the groups above one of level 1 how free it has become, as far up as that changes
  /// anything.
  @_optimize(speed) @inline(never)
  private mutating func groupChanged(_ index: UInt, from old: GroupPlanes, to new: GroupPlanes) {
    if new.summary != old.summary { propagate(new.summary, fromChild: index, onLevel: 2) }
  }

  /// Tells the groups from `level` up how free a child has become.
  @_optimize(speed) @inline(never)
  private mutating func propagate(
    _ summary: GroupSummary, fromChild child: UInt, onLevel level: Int
  ) {
    var summary = summary
    var child = child
    var level = level
    while level <= topLevel {
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
    root.setSummary(ofChild: child, to: summary)
  }

  /// Makes the word `index` the valid word.
  @_optimize(speed)
  mutating func validate(_ index: UInt) {
    guard index != validWord else { return }
    validateGroup(index &>> BitmapWord.bitShift)
    let state = state(ofWord: index)
    if state.isUniform { storeWord(index, state.uniformWord) }
    validWord = index
    validState = state.bits
  }

  /// Makes a group of level 1 and every group above it valid: where a parent says that all or none
  /// of the pages are free, what lies below is written for the first time.
  @inline(__always)
  private mutating func validateGroup(_ index: UInt) {
    guard topLevel > 1 else { return }
    var level = topLevel
    var shift = topShift
    repeat {
      let child = index &>> shift
      let group = unsafe group(child &>> BitmapWord.bitShift, onUpperLevel: level)
      let mixed = unsafe group[0] ^ group[1]
      level &-= 1
      if mixed &>> BitmapWord(truncatingIfNeeded: child) & 1 == 0 {
        // 0 or 1, so that taking it from 0 gives no bits or all.
        let isFree = unsafe group[0] &>> BitmapWord(truncatingIfNeeded: child) & 1
        fillGroup(child, onLevel: level, with: 0 &- isFree)
      }
      shift &-= BitmapWord.bitShift
    } while level != 1
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
      if level == topLevel {
        // `right` is another group, and so above.
        fillGroups(left &+ 1..<right, onLevel: level, with: free ? .max : 0)
        root.fill(.ones(above: left) & .ones(below: right), free: free)
        root.setSummary(ofChild: left, to: leftSummary)
        root.setSummary(ofChild: right, to: rightSummary)
        return
      }
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

  /// Sets pages of a word, which becomes the valid word, but tells no group above it.
  @_optimize(speed) @inline(never)
  private mutating func fillWord(_ index: UInt, _ mask: BitmapWord, free: Bool) -> GroupSummary {
    let word = wordToChange(index).word & ~mask | (free ? mask : 0)
    storeWord(index, word)
    let summary = GroupSummary(word)
    validWord = index
    validState = summary.state
    return summary
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
