// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Freeing and reserving.
///
/// The library as a whole is built for size; `@_optimize(speed)` marks the places where it spends
/// its time.
extension PageBitmap {
  /// Reserves a free page of the cursor's word.
  @inlinable @inline(__always)
  package mutating func reserveAtCursor(_ page: PageNumber) {
    let word = cursor.word & .ones(except: page & Self.bitMask)
    replaceWordAtCursor(with: word, state: PageState(ofPartial: word))
  }

  /// Frees reserved pages, or reserves free ones, of the cursor's word.
  ///
  /// - Parameters:
  ///   - first: The first page.
  ///   - last: The last page, in the same word.
  ///   - free: Whether the pages are to be free.
  /// - Returns: Whether there are such pages, and all of them had the opposite state; if not,
  ///   nothing has changed.
  @inlinable @inline(__always)
  package mutating func flipAtCursor(
    from first: PageNumber, through last: PageNumber, free: Bool
  ) -> Bool {
    let mask = BitmapWord.ones(from: first & Self.bitMask) & .ones(upTo: last & Self.bitMask)
    let word = cursor.word
    guard mask != 0, word & mask == (free ? 0 : mask) else { return false }
    let changed = word ^ mask
    replaceWordAtCursor(with: changed, state: PageState(of: changed))
    return true
  }

  /// Moves the cursor to the word of `page`, and stores the word and every group above it, if they
  /// are not stored yet.
  ///
  /// - Complexity: O(levels).
  @inlinable @inline(__always)
  package mutating func seek(_ page: PageNumber) {
    // `page` is not below the bitmap's first page.
    let index = (page &- firstPageNumber) &>> BitmapWord.bitShift
    validateGroup(index &>> BitmapWord.bitShift)
    let place = unsafe place(ofWord: index)
    let group = unsafe wordGroup(ofWord: index)
    let bit = BitmapWord(truncatingIfNeeded: index & Self.bitMask)
    let low = unsafe group[0] &>> bit & 1
    let high = unsafe group[1] &>> bit & 1
    // Each is 0 or 1, so subtracting it from 0 gives no bits or all.
    if low == high { unsafe place.pointee = 0 &- low }
    unsafe cursor = BitmapCursor(
      wordNumber: page &>> BitmapWord.bitShift, place: place, group: group,
      groupBit: 1 &<< bit, state: PageState(bits: low | high &<< 1))
  }

  /// Makes every page from `start` up to `end` free, or reserved.
  ///
  /// On each level the range begins in one child and ends in another, which are handled one level
  /// below; the children between them become entirely free or reserved.
  ///
  ///     level 2            [ left  ######  right ]
  ///     level 1     [  left ######]  ...  [##### right   ]
  ///     level 0   [   #####]   ...            ...  [###     ]
  ///
  /// - Precondition: `start` < `end` ≤ ``bitCount``.
  /// - Complexity: O(levels): a word and its groups at each end of the range, and between them only
  ///   groups right below the root, at most as many as a word has bits.
  @_optimize(speed) @inline(never)
  package mutating func set(from start: UInt, to end: UInt, free: Bool) {
    // `end` is above `start`, so subtracting 1 cannot wrap.
    let last = end &- 1
    var left = start &>> BitmapWord.bitShift
    var right = last &>> BitmapWord.bitShift
    let leftMask = BitmapWord.ones(from: start & Self.bitMask)
    let rightMask = BitmapWord.ones(upTo: last & Self.bitMask)
    var leftSummary: GroupSummary
    var rightSummary: GroupSummary
    if left == right {
      leftSummary = fillWord(left, leftMask & rightMask, free: free)
      rightSummary = leftSummary
    } else {
      leftSummary = fillWord(left, leftMask, free: free)
      rightSummary = fillWord(right, rightMask, free: free)
    }
    unsafe cursor = BitmapCursor(
      wordNumber: (last &+ firstPageNumber) &>> BitmapWord.bitShift,
      place: place(ofWord: right), group: wordGroup(ofWord: right),
      groupBit: .one(at: right & Self.bitMask), state: rightSummary.state)
    if (left ^ right) &>> BitmapWord.bitShift == 0 {
      let index = left &>> BitmapWord.bitShift
      var planes = planes(ofGroup: index, onLevel: 1)
      let old = planes.summary
      let (leftBit, rightBit) = (left & Self.bitMask, right & Self.bitMask)
      planes.set(
        leftBit, to: leftSummary, filling: .ones(above: leftBit) & .ones(below: rightBit),
        free: free)
      planes.set(rightBit, to: rightSummary)
      store(planes, inGroup: index, onLevel: 1)
      let new = planes.summary
      if new != old { propagate(new, fromChild: index, onLevel: 2) }
      return
    }
    leftSummary = setWord(
      left, to: leftSummary, filling: .ones(above: left & Self.bitMask), free)
    rightSummary = setWord(
      right, to: rightSummary, filling: .ones(below: right & Self.bitMask), free)
    left &>>= BitmapWord.bitShift
    right &>>= BitmapWord.bitShift
    var level = 2
    while (left ^ right) &>> BitmapWord.bitShift != 0 {
      leftSummary = setGroup(
        left, onLevel: level, to: leftSummary, filling: .ones(above: left & Self.bitMask), free)
      rightSummary = setGroup(
        right, onLevel: level, to: rightSummary, filling: .ones(below: right & Self.bitMask), free)
      left &>>= BitmapWord.bitShift
      right &>>= BitmapWord.bitShift
      level &+= 1
    }
    // Here both are children of the same group.
    if level == rootLevel {
      // `right` is a different group, and so above `left`.
      fillGroups(left &+ 1..<right, onLevel: level &- 1, with: free ? .max : 0)
    }
    let index = left &>> BitmapWord.bitShift
    let old = planes(ofGroup: index, onUpperLevel: level).summary
    let between =
      BitmapWord.ones(above: left & Self.bitMask) & .ones(below: right & Self.bitMask)
    _ = setGroup(left, onLevel: level, to: leftSummary, filling: between, free)
    let new = setGroup(right, onLevel: level, to: rightSummary, filling: 0, free)
    if new != old { propagate(new, fromChild: index, onLevel: level &+ 1) }
  }

  @inlinable @inline(__always)
  mutating func replaceWordAtCursor(with word: BitmapWord, state: PageState) {
    cursor.word = word
    // Most changes leave the state of the word as it was.
    if state != cursor.state { changeStateAtCursor(to: state) }
  }

  /// Writes the new state of the cursor's word to its group, and updates the groups above if that
  /// changes how free the group is.
  @inlinable @inline(__always)
  mutating func changeStateAtCursor(to newState: PageState) {
    let group = unsafe cursor.group.unsafelyUnwrapped
    if newState.bits | cursor.state.bits == PageState.scattered.bits {
      // A few pages become free, or the last few are reserved.  Mostly, other words of the group
      // have free pages both before and after.
      let old = unsafe group[0]
      if unsafe old != 0 && old != cursor.groupBit || group[1] != 0 {
        unsafe group[0] = old ^ cursor.groupBit
        cursor.state = newState
        return
      }
    }
    Self.changeGroupAtCursor(of: &self, to: newState)
  }

  /// Writes the new state of the cursor's word to its group, where groups above may be affected.
  @usableFromInline @_optimize(speed) @inline(never)
  static func changeGroupAtCursor(of bitmap: inout PageBitmap, to newState: PageState) {
    let group = unsafe bitmap.cursor.group.unsafelyUnwrapped
    let difference = newState.bits ^ bitmap.cursor.state.bits
    bitmap.cursor.state = newState
    let old = unsafe GroupPlanes(low: group[0], high: group[1], word: group[0] & group[1])
    let bit = bitmap.cursor.groupBit
    let low = old.low ^ (difference & 1 == 0 ? 0 : bit)
    let high = old.high ^ (difference &>> 1 == 0 ? 0 : bit)
    unsafe group[0] = low
    unsafe group[1] = high
    let new = GroupPlanes(low: low, high: high, word: low & high)
    // Without a high bit before or after, while there are few free pages, all that counts is
    // whether there is one.
    let isChange =
      old.high | high == 0 ? (old.low == 0) != (low == 0) : new.summary != old.summary
    if isChange {
      // The cursor's word is not below the bitmap's first word.
      let firstWordNumber = bitmap.firstPageNumber &>> BitmapWord.bitShift
      let index = (bitmap.cursor.wordNumber &- firstWordNumber) &>> BitmapWord.bitShift
      bitmap.propagate(new.summary, fromChild: index, onLevel: 2)
    }
  }

  /// Updates the groups from `level` up after a child has changed how free it is, and stops at the
  /// first group that stays as it was.
  @_optimize(speed) @inline(never)
  private mutating func propagate(
    _ summary: GroupSummary, fromChild child: UInt, onLevel level: Int
  ) {
    var summary = summary
    var child = child
    var level = level
    while level <= rootLevel {
      let index = child &>> BitmapWord.bitShift
      let old = planes(ofGroup: index, onUpperLevel: level).summary
      summary = setGroup(child, onLevel: level, to: summary, filling: 0, false)
      if summary == old { return }
      child = index
      level &+= 1
    }
  }

  /// Makes a group of level 1 and every group above it valid: where a parent says that all or none
  /// of the pages are free, what lies below is written for the first time.
  @inlinable @inline(__always)
  mutating func validateGroup(_ index: UInt) {
    var level = rootLevel &- 1
    // The shift from the number of the group of level 1 to the number of the child on the path to
    // it.
    var shift = topShift
    while shift != 0 {
      shift &-= BitmapWord.bitShift
      let child = index &>> shift
      let group = unsafe group(child &>> BitmapWord.bitShift, onUpperLevel: level)
      let low = unsafe group[0]
      let mixed = unsafe low ^ group[1]
      level &-= 1
      if _slowPath(mixed &>> BitmapWord(truncatingIfNeeded: child) & 1 == 0) {
        // 0 or 1, so subtracting it from 0 gives no bits or all.
        let isFree = low &>> BitmapWord(truncatingIfNeeded: child) & 1
        fillGroup(child, onLevel: level, with: 0 &- isFree)
      }
    }
  }

  /// Frees or reserves pages of a word, and makes the groups above it valid, but does not update
  /// them.
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

  /// Records how free a word is, and makes the words of its group in `mask` free or reserved.
  ///
  /// - Returns: How free the group is then.
  @_optimize(speed) @inline(never)
  private mutating func setWord(
    _ word: UInt, to summary: GroupSummary, filling mask: BitmapWord, _ free: Bool
  ) -> GroupSummary {
    let index = word &>> BitmapWord.bitShift
    var planes = planes(ofGroup: index, onLevel: 1)
    planes.set(word & Self.bitMask, to: summary, filling: mask, free: free)
    store(planes, inGroup: index, onLevel: 1)
    return planes.summary
  }

  /// Records how free `child` is, and makes its siblings in `mask` free or reserved.
  ///
  /// `child` is a group, numbered on the level below `level`; the siblings belong to the same group
  /// of `level`.
  ///
  /// - Returns: How free the group of `level` is then.
  @inline(never)
  private mutating func setGroup(
    _ child: UInt, onLevel level: Int, to summary: GroupSummary, filling mask: BitmapWord,
    _ free: Bool
  ) -> GroupSummary {
    let index = child &>> BitmapWord.bitShift
    var planes = planes(ofGroup: index, onUpperLevel: level)
    planes.set(child & Self.bitMask, to: summary, filling: mask, free: free)
    let group = unsafe group(index, onUpperLevel: level)
    unsafe group[0] = planes.low
    unsafe group[1] = planes.high
    unsafe group[2] = planes.word
    return planes.summary
  }
}
