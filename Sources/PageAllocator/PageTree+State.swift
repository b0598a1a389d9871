// SPDX-License-Identifier: MIT
import PageBitmap

/// Changing the states of words, and the classes with them.
extension PageTree {
  /// The words of a group that have `state`.
  static func words(
    withState state: UInt, in planes: (BitmapWord, BitmapWord, BitmapWord)
  ) -> BitmapWord {
    // A plane as it is where the state's bit is 1, inverted where it is 0.
    let state = BitmapWord(truncatingIfNeeded: state)
    return (planes.0 ^ ((state & 1) &- 1))
      & (planes.1 ^ ((state &>> 1 & 1) &- 1))
      & (planes.2 ^ ((state &>> 2) &- 1))
  }

  /// The three planes of a group's states.
  func statePlanes(ofGroup group: UInt) -> (BitmapWord, BitmapWord, BitmapWord) {
    let states = unsafe states(ofGroup: group)
    return unsafe (states[0], states[1], states[2])
  }

  /// The state of a word of a valid group.
  @inline(__always)
  func state(ofWord index: UInt) -> UInt {
    let planes = statePlanes(ofGroup: index &>> BitmapWord.bitShift)
    let bit = BitmapWord(truncatingIfNeeded: index & Self.bitMask)
    return UInt(
      truncatingIfNeeded: planes.0 &>> bit & 1
        | (planes.1 &>> bit & 1) &<< 1
        | (planes.2 &>> bit & 1) &<< 2)
  }

  /// Changes the state of a word; neither the old one nor the new one is 7.
  @_optimize(speed)
  mutating func changeState(ofWord index: UInt, from old: UInt, to new: UInt) {
    let words = Self.words(
      withState: old, in: statePlanes(ofGroup: index &>> BitmapWord.bitShift))
    changeState(ofWord: index, from: old, to: new, isLast: words & (words &- 1) == 0)
  }

  /// Changes the state of a word; neither the old one nor the new one is 7.
  ///
  /// - Parameter isLast: Whether no other word of its group has the old state.
  @inline(__always)
  mutating func changeState(ofWord index: UInt, from old: UInt, to new: UInt, isLast: Bool) {
    let group = index &>> BitmapWord.bitShift
    let states = unsafe states(ofGroup: group)
    let bit = BitmapWord.one(at: index & Self.bitMask)
    let changed = BitmapWord(truncatingIfNeeded: old ^ new)
    // The bit is 0 or 1, so subtracting it from 0 gives no bits or all.
    unsafe states[0] ^= bit & (0 &- (changed & 1))
    unsafe states[1] ^= bit & (0 &- (changed &>> 1 & 1))
    unsafe states[2] ^= bit & (0 &- (changed &>> 2))
    // State s is of class s - 1.
    if old != 0 && isLast { toggle(aClass: old &- 1, ofGroup: group) }
    if new != 0 && !has(new &- 1, inGroup: group) { toggle(aClass: new &- 1, ofGroup: group) }
  }

  /// Gives a word that was not entirely free the state of its free pages.
  @_optimize(speed)
  mutating func changeState(ofWord index: UInt, from state: UInt, toThatOf free: BitmapWord) {
    let new = free.state
    if new == state { return }
    let isAllFree = new == Self.allFreeState
    if !isAllFree || state != 0 {
      changeState(ofWord: index, from: state, to: isAllFree ? 0 : new)
    }
    if isAllFree { giveWords(from: index, order: PageTreeLayout.wordOrder) }
  }

  /// Takes a block of free words of class `aClass` out of a group and gives back what is not
  /// needed; the words taken then have state 0.
  ///
  /// - Parameters:
  ///   - order: The order of what is needed, at least a word's.
  ///   - aClass: A class that the group has, at least `order`.
  ///   - count: How many pages from the block's first on will be used.
  ///   - end: The bit after the last one that may be among them.
  ///   - keepsRest: Whether the other half of the next larger block becomes the spare block, if
  ///     there is none yet.
  /// - Returns: The first word; nil if there is none before `end`.
  @inline(__always)
  mutating func takeWords(
    fromGroup group: UInt, ofClass aClass: UInt, order: UInt, count: UInt, below end: UInt,
    keepsRest: Bool = false
  ) -> UInt? {
    let wordOrder = PageTreeLayout.wordOrder
    let allFree = allFreeWords(ofGroup: group)
    // Blocks of the largest order are never part of a larger one.
    let blocks =
      aClass == Self.maximumOrder
      ? allFree.blocks(ofOrder: Self.maximumOrder &- wordOrder)
      : allFree.unpairedBlocks(ofOrder: aClass &- wordOrder)
    let first = blocks.firstOne
    let index = group &<< BitmapWord.bitShift | first
    guard end >= (index &<< BitmapWord.bitShift) &+ count else { return nil }
    var taken = order
    if keepsRest && aClass > order && spareWord == .max {
      // The next allocation of this order gets it at once, and neither changes the classes.
      taken = order &+ 1
      setSpare(index &+ (1 &<< (order &- wordOrder)), order: order)
    }
    let mask = BitmapWord.ones(from: first, count: 1 &<< (taken &- wordOrder))
    let states = unsafe states(ofGroup: group)
    unsafe states[0] &= ~mask
    unsafe states[1] &= ~mask
    unsafe states[2] &= ~mask
    // The class ends with its last block.
    if blocks & (blocks &- 1) == 0 { toggle(aClass: aClass, ofGroup: group) }
    // Of a larger block, one of each smaller order remains; usually there was none.
    var smaller = taken
    while smaller < aClass {
      if !has(smaller, inGroup: group) { toggle(aClass: smaller, ofGroup: group) }
      smaller &+= 1
    }
    return index
  }

  /// Makes words whose states were 0 entirely free.
  ///
  /// - Parameters:
  ///   - index: The first word.
  ///   - order: The order of the block that they form, at least a word's.
  @_optimize(speed)
  mutating func giveWords(from index: UInt, order: UInt) {
    let wordOrder = PageTreeLayout.wordOrder
    let group = index &>> BitmapWord.bitShift
    var first = index & Self.bitMask
    let states = unsafe states(ofGroup: group)
    let count: UInt = 1 &<< (order &- wordOrder)
    let mask = BitmapWord.ones(from: first, count: count)
    let planes = unsafe (states[0] | mask, states[1] | mask, states[2] | mask)
    unsafe states[0] = planes.0
    unsafe states[1] = planes.1
    unsafe states[2] = planes.2
    let allFree = planes.0 & planes.1 & planes.2
    var reached = order
    var size = count
    var classes: UInt = 0
    while reached < Self.maximumOrder {
      let other = BitmapWord.ones(from: first ^ size, count: size)
      guard allFree & other == other else { break }
      // The other half was a block of its own before, perhaps the last of its order.
      if allFree.unpairedBlocks(ofOrder: reached &- wordOrder) == 0 { classes |= 1 &<< reached }
      first &= ~size
      size &<<= 1
      reached &+= 1
    }
    // The block is there now, perhaps as the first of its order.
    if !has(reached, inGroup: group) { classes |= 1 &<< reached }
    if classes != 0 { toggle(classes, ofChild: group) }
  }
}
