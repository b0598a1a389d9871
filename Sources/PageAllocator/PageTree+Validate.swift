// SPDX-License-Identifier: MIT
import PageBitmap

/// Writing what lies below a child for the first time.
extension PageTree {
  /// What is known about a child whose own memory has not been written.
  enum Origin {
    case allFree
    case allReserved
    /// Only the boot bitmap knows.
    case unknown
  }

  /// Makes a child of a valid group valid too.
  ///
  /// - Parameters:
  ///   - child: A group of the level below `level`.
  /// - Complexity: O(levels); for a group of words it reads and writes up to 64 words.
  @inline(never)
  mutating func validate(child: UInt, onLevel level: Int) {
    let planes = unsafe planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
    let bit = child & Self.bitMask
    unsafe planes[Int(bitPattern: Self.valid)] |= .one(at: bit)
    let origin: Origin
    let old: UInt
    if unsafe planes[Int(bitPattern: Self.unknown)].isOne(at: bit) {
      (origin, old) = (.unknown, 1 &<< Self.unknown)
    } else if unsafe planes[Int(bitPattern: Self.maximumOrder)].isOne(at: bit) {
      (origin, old) = (.allFree, 1 &<< Self.maximumOrder)
    } else {
      (origin, old) = (.allReserved, 0)
    }
    let new =
      level > 2
      ? fillPlanes(ofGroup: child, onLevel: level &- 1, origin)
      : fillWords(ofGroup: child, origin)
    toggle(old ^ new, ofChild: child, onLevel: level)
  }

  /// Makes a group of words and all above it valid.
  mutating func validate(_ group: UInt) {
    var level = rootLevel
    var shift = rootShift
    while true {
      let child = group &>> shift
      let planes = unsafe planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
      if unsafe !planes[Int(bitPattern: Self.valid)].isOne(at: child & Self.bitMask) {
        validate(child: child, onLevel: level)
      }
      if level == 2 { return }
      level &-= 1
      shift &-= BitmapWord.bitShift
    }
  }

  /// Makes the lowest unknown group of words valid, with those above it.
  ///
  /// - Precondition: There is an unknown group.
  /// - Returns: Whether the lowest begins below bit `end`.
  @inline(never)
  mutating func validateFirstUnknown(below end: UInt) -> Bool {
    var level = rootLevel
    var shift = rootShift
    var group: UInt = 0
    while true {
      let planes = unsafe planes(ofGroup: group, onLevel: level)
      let unknown = unsafe planes[Int(bitPattern: Self.unknown)]
      let child = group &<< BitmapWord.bitShift | unknown.firstOne
      // A child begins inside the node or before.
      if (child &<< shift) &<< PageTreeLayout.groupOrder >= end { return false }
      let isValid = unsafe planes[Int(bitPattern: Self.valid)].isOne(at: child & Self.bitMask)
      if !isValid || level == 2 {
        validate(child: child, onLevel: level)
        if level == 2 { return true }
        // Go on from the top: what was found unknown above may have nothing unknown in it.
        guard classes &>> Self.unknown & 1 != 0 else { return true }
        level = rootLevel
        shift = rootShift
        group = 0
        continue
      }
      group = child
      level &-= 1
      shift &-= BitmapWord.bitShift
    }
  }

  /// Makes all unknown groups valid.
  mutating func validateUnknown() {
    while classes &>> Self.unknown & 1 != 0 { _ = validateFirstUnknown(below: .max) }
  }

  /// Writes the planes of a group for the first time.
  ///
  /// - Returns: Its classes.
  mutating func fillPlanes(ofGroup index: UInt, onLevel level: Int, _ origin: Origin) -> UInt {
    let planes = unsafe planes(ofGroup: index, onLevel: level)
    for plane in 0..<Int(bitPattern: Self.planeCount) { unsafe planes[plane] = 0 }
    var free: BitmapWord = origin == .allFree ? .max : 0
    var unknown: BitmapWord = 0
    if origin == .unknown {
      let boot = bootStates(ofGroup: index, onLevel: level)
      free = boot.allFree
      unknown = boot.anyFree & ~boot.allFree
    }
    unsafe planes[Int(bitPattern: Self.maximumOrder)] = free
    unsafe planes[Int(bitPattern: Self.unknown)] = unknown
    return (free != 0 ? 1 &<< Self.maximumOrder : 0) | (unknown != 0 ? 1 &<< Self.unknown : 0)
  }

  /// How free the children of a group are according to the boot bitmap, whose groups may begin
  /// elsewhere.
  ///
  /// A child that has nothing free may be reported as partly free, but not the other way round.
  private mutating func bootStates(
    ofGroup index: UInt, onLevel level: Int
  ) -> (anyFree: BitmapWord, allFree: BitmapWord) {
    let here = bootBitmap.planes(ofAnyGroup: index, onLevel: level)
    guard firstWord & Self.bitMask != 0 else { return here }
    // The boot bitmap begins inside our first group, so a child here consists of parts of a child
    // there and of the one before it.
    let before =
      index > 0
      ? bootBitmap.planes(ofAnyGroup: index &- 1, onLevel: level)
      : (anyFree: 0, allFree: 0)
    let top = BitmapWord(truncatingIfNeeded: Self.bitMask)
    // Where the last child there ends inside a child here, there need not be a next child.
    let shift = BitmapWord.bitShift &* UInt(bitPattern: level &- 1)
    let childCount =
      PageTreeLayout.quotient(endWord, order: shift) &- index &<< BitmapWord.bitShift
    let existing = BitmapWord.ones(upTo: min(childCount, BitmapWord.bitCount) &- 1)
    return (
      (here.anyFree | here.anyFree &<< 1 | before.anyFree &>> top) & existing,
      here.allFree & (here.allFree &<< 1 | before.allFree &>> top) & existing
    )
  }

  /// Writes the states and words of a group of words for the first time.
  ///
  /// - Returns: Its classes.
  private mutating func fillWords(ofGroup group: UInt, _ origin: Origin) -> UInt {
    let states = unsafe states(ofGroup: group)
    let first = group &<< BitmapWord.bitShift
    let uniform: BitmapWord = origin == .allFree ? .max : 0
    for plane in 0..<Int(bitPattern: PageTreeLayout.stateWordCount) {
      unsafe states[plane] = uniform
    }
    if origin == .allFree {
      // The words themselves need not be stored while their state is 7.
      for index in first..<first &+ BitmapWord.bitCount { setHeadWord(index, 0) }
      return 1 &<< Self.maximumOrder
    }
    var classes: UInt = 0
    for index in first..<first &+ BitmapWord.bitCount {
      guard index >= firstWord, index < endWord else {
        // No page, and so no free bits to write; the state prevents any use.
        setHeadWord(index, .max)
        continue
      }
      let free = origin == .unknown ? bootBitmap.word(index &- firstWord) : 0
      setFreeWord(index, .max)
      setHeadWord(index, ~free)
      let state = free.state
      for plane in 0..<PageTreeLayout.stateWordCount {
        unsafe states[Int(bitPattern: plane)] |=
          BitmapWord(truncatingIfNeeded: state &>> plane & 1)
          &<< BitmapWord(truncatingIfNeeded: index & Self.bitMask)
      }
      if state != 0 && state != Self.allFreeState { classes |= 1 &<< (state &- 1) }
    }
    return classes | blockClasses(ofGroup: group)
  }

  /// The classes from a word's order up: those of the blocks of entirely free words.
  mutating func blockClasses(ofGroup group: UInt) -> UInt {
    var blocks = allFreeWords(ofGroup: group)
    var order = PageTreeLayout.wordOrder
    var classes: UInt = 0
    while order < Self.maximumOrder {
      let pairs = blocks.pairs(ofOrder: order &- PageTreeLayout.wordOrder)
      if blocks.unpaired(by: pairs, ofOrder: order &- PageTreeLayout.wordOrder) != 0 {
        classes |= 1 &<< order
      }
      blocks = pairs
      order &+= 1
    }
    return classes | (blocks != 0 ? 1 &<< order : 0)
  }

  /// The words of a group whose pages are all free.
  @inline(__always)
  func allFreeWords(ofGroup group: UInt) -> BitmapWord {
    let states = unsafe states(ofGroup: group)
    return unsafe states[0] & states[1] & states[2]
  }
}

extension PageBitmap {
  /// The planes of a group as they would be if it were stored.  Outside the bitmap, nothing is
  /// free.
  fileprivate mutating func planes(
    ofAnyGroup index: UInt, onLevel level: Int
  ) -> (anyFree: BitmapWord, allFree: BitmapWord) {
    var planes = self.planes(ofGroup: 0, onLevel: rootLevel)
    if level >= rootLevel {
      guard index == 0 else { return (0, 0) }
      if level == rootLevel { return (planes.anyFree, planes.allFree) }
      // At most one level more, whose one child is the root.
      return (planes.anyFree != 0 ? 1 : 0, planes.allFree == .max ? 1 : 0)
    }
    var above = rootLevel
    while above > level {
      // The ancestor on the level below, a child of the group whose planes these are.
      let child = index >> (BitmapWord.bitShift * UInt(bitPattern: above - 1 - level))
      if above == rootLevel && child >= BitmapWord.bitCount { return (0, 0) }
      let bit = child & (BitmapWord.bitCount - 1)
      if !planes.mixed.isOne(at: bit) {
        let uniform: BitmapWord = planes.allFree.isOne(at: bit) ? .max : 0
        return (uniform, uniform)
      }
      above -= 1
      planes = self.planes(ofGroup: child, onLevel: above)
    }
    return (planes.anyFree, planes.allFree)
  }
}
