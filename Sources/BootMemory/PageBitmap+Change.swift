/// Freeing and reserving.
///
/// `@_optimize(speed)` stands where the library, which is built for size as a whole, spends its
/// time.
extension PageBitmap {
  /// Reserves a free page of the cursor's word.
  @inline(__always)
  mutating func reserveAtCursor(_ bit: UInt) {
    replaceWordAtCursor(with: cursor.word & ~.one(at: bit & Self.bitMask))
  }

  /// Frees reserved pages, or reserves free ones, of one word, where the cursor goes.
  ///
  /// - Parameters:
  ///   - first: The first page, at most `last`.
  ///   - last: The last page, in the same word.
  ///   - free: Whether the pages are to be free.
  /// - Returns: Whether all were the opposite; nothing has changed otherwise.
  /// - Complexity: O(levels), and O(1) in the word of the last change.
  @inline(__always)
  mutating func flip(from first: UInt, through last: UInt, free: Bool) -> Bool {
    let mask = BitmapWord.ones(from: first & Self.bitMask) & .ones(upTo: last & Self.bitMask)
    if !cursor.holds(first) { seek(first &>> BitmapWord.bitShift) }
    let word = cursor.word
    guard word & mask == (free ? 0 : mask) else { return false }
    replaceWordAtCursor(with: word ^ mask)
    return true
  }

  /// Makes every page from `start` up to `end` free, or reserved.
  ///
  /// On each level the range begins in one child and ends in another, which have been dealt with;
  /// those between them are free or reserved as a whole from now on.
  ///
  ///     level 2            [ left  ######  right ]
  ///     level 1     [  left ######]  ...  [##### right   ]
  ///     level 0   [   #####]   ...            ...  [###     ]
  ///
  /// - Precondition: `start` < `end` ≤ ``bitCount``.
  /// - Complexity: O(levels); a word at a time at the two ends of the range, and nothing between.
  @_optimize(speed) @inline(never)
  mutating func set(from start: UInt, to end: UInt, free: Bool) {
    // `end` is above `start`, so 1 can be taken from it.
    let last = end &- 1
    var left = start &>> BitmapWord.bitShift
    var right = last &>> BitmapWord.bitShift
    let leftMask = BitmapWord.ones(from: start & Self.bitMask)
    let rightMask = BitmapWord.ones(upTo: last & Self.bitMask)
    guard left != right else {
      if !cursor.holds(start) { seek(left) }
      let mask = leftMask & rightMask
      replaceWordAtCursor(with: free ? cursor.word | mask : cursor.word & ~mask)
      return
    }
    var leftSummary = fillWord(left, leftMask, free: free)
    var rightSummary = fillWord(right, rightMask, free: free)
    unsafe cursor = BitmapCursor(
      index: right, place: place(ofWord: right), state: rightSummary.state)
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
        root.set(
          left, to: leftSummary, filling: .ones(above: left) & .ones(below: right), free: free)
        root.set(right, to: rightSummary)
        return
      }
      level &+= 1
    }
    let index = left &>> BitmapWord.bitShift
    var planes = planes(ofGroup: index, onLevel: level)
    let old = planes.summary
    let leftBit = left & Self.bitMask
    let rightBit = right & Self.bitMask
    planes.set(
      leftBit, to: leftSummary, filling: .ones(above: leftBit) & .ones(below: rightBit), free: free)
    planes.set(rightBit, to: rightSummary)
    store(planes, inGroup: index, onLevel: level)
    if planes.summary != old {
      propagate(planes.summary, fromChild: index, onLevel: level &+ 1)
    }
  }

  /// Puts the cursor at the word `index`, which gets stored, if it was not, with every group above.
  @_optimize(speed) @inline(never)
  private mutating func seek(_ index: UInt) {
    validateGroup(index &>> BitmapWord.bitShift)
    let state = state(ofWord: index)
    let place = unsafe place(ofWord: index)
    if state == .none { unsafe place.pointee = 0 }
    if state == .all { unsafe place.pointee = .max }
    unsafe cursor = BitmapCursor(index: index, place: place, state: state)
  }

  @inline(__always)
  private mutating func replaceWordAtCursor(with word: BitmapWord) {
    cursor.word = word
    let state = PageState(of: word)
    // Most changes leave the state of the word as it was.
    if state != cursor.state { changeStateAtCursor(to: state) }
  }

  /// Writes the new state of the cursor's word to its group, and to those above if that is something
  /// else then.
  @_optimize(speed) @inline(never)
  private mutating func changeStateAtCursor(to newState: PageState) {
    let group = unsafe wordGroup(ofWord: cursor.index)
    let bit = BitmapWord(truncatingIfNeeded: cursor.index & Self.bitMask)
    let difference = newState.bits ^ cursor.state.bits
    cursor.state = newState
    let old = unsafe GroupPlanes(low: group[0], high: group[1], word: group[0] & group[1])
    let low = old.low ^ (difference & 1) &<< bit
    let high = old.high ^ (difference &>> 1) &<< bit
    unsafe group[0] = low
    unsafe group[1] = high
    // Mostly a scattered group stays scattered.
    if old.high | high == 0 && old.low != 0 && low != 0 { return }
    let new = GroupPlanes(low: low, high: high, word: low & high)
    if new.summary != old.summary {
      propagate(new.summary, fromChild: cursor.index &>> BitmapWord.bitShift, onLevel: 2)
    }
  }

  /// Tells the groups from `level` up how free a child has become, as far up as that changes
  /// anything.
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
      planes.set(child & Self.bitMask, to: summary)
      store(planes, inGroup: index, onLevel: level)
      summary = planes.summary
      if summary == old { return }
      child = index
      level &+= 1
    }
    root.set(child, to: summary)
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

  /// Sets pages of a word, and makes the groups above it valid, but tells them nothing.
  @_optimize(speed) @inline(never)
  private mutating func fillWord(_ index: UInt, _ mask: BitmapWord, free: Bool) -> GroupSummary {
    validateGroup(index &>> BitmapWord.bitShift)
    let old: BitmapWord =
      switch state(ofWord: index) {
      case .none: 0
      case .all: .max
      default: storedWord(index)
      }
    let word = free ? old | mask : old & ~mask
    storeWord(index, word)
    return GroupSummary(of: word)
  }

  /// Sets how free a child is, numbered on the level below, and those of its group in `mask`.
  @inline(__always)
  private func setChild(
    _ child: UInt, onLevel level: Int, to summary: GroupSummary, filling mask: BitmapWord,
    _ free: Bool
  ) -> GroupSummary {
    let index = child &>> BitmapWord.bitShift
    var planes = planes(ofGroup: index, onLevel: level)
    planes.set(child & Self.bitMask, to: summary, filling: mask, free: free)
    store(planes, inGroup: index, onLevel: level)
    return planes.summary
  }
}
