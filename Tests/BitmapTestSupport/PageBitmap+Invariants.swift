// SPDX-License-Identifier: MIT
import PageBitmap

/// What must be true of a bitmap between any two calls.
extension PageBitmap {
  /// A description of what is wrong; nil if nothing is.
  ///
  /// Every summary is computed again from what lies below, down to the words.  What is not stored,
  /// below a child that is `none` or `all`, is not checked, except for the groups right below the
  /// root and the path to the cursor, which must always be valid.
  ///
  /// - Complexity: O(stored groups and words).
  package func brokenInvariant() -> String? {
    guard rootLevel >= 2 else { return "the root is on level \(rootLevel)" }
    do {
      try check(group: 0, onLevel: rootLevel)
      try checkGroupsBelowRoot()
      try checkCursor()
      return nil
    } catch {
      return error.text
    }
  }

  private struct Broken: Error {
    let text: String
  }

  /// How free a child is, as a group has to know it.
  private struct Freedom: Equatable, CustomStringConvertible {
    let state: PageState
    let hasFreeWord: Bool

    init(state: PageState, hasFreeWord: Bool) {
      self.state = state
      self.hasFreeWord = hasFreeWord
    }

    init(of word: BitmapWord) {
      self.init(state: PageState(of: word), hasFreeWord: word == .max)
    }

    init(of planes: GroupPlanes) {
      let state: PageState =
        planes.allFree == .max
        ? .all : planes.high != 0 ? .clustered : planes.low != 0 ? .scattered : .none
      self.init(state: state, hasFreeWord: planes.word != 0)
    }

    var description: String { "state \(state.bits)\(hasFreeWord ? " and a free word" : "")" }
  }

  /// A word of level 0 that is stored.
  private func storedWord(_ index: UInt) -> BitmapWord { unsafe words![Int(index)] }

  /// log2 of the number of pages that a child of a group stands for.
  private func childShift(onLevel level: Int) -> UInt {
    BitmapWord.bitShift * UInt(level)
  }

  /// How many children a group has that stand for pages below ``bitCount``.
  private func childCount(ofGroup group: UInt, onLevel level: Int) -> UInt {
    let shift = childShift(onLevel: level)
    let count = (bitCount + (1 << shift) - 1) >> shift
    let firstChild = group << BitmapWord.bitShift
    return count > firstChild ? min(count - firstChild, BitmapWord.bitCount) : 0
  }

  /// Checks a valid group and all that is stored below.
  @discardableResult
  private func check(group index: UInt, onLevel level: Int) throws(Broken) -> Freedom {
    let planes = planes(ofGroup: index, onLevel: level)
    var place: String { "group \(index) of level \(level)" }
    let count = childCount(ofGroup: index, onLevel: level)
    for bit in 0..<BitmapWord.bitCount {
      let child = (index << BitmapWord.bitShift) + bit
      let low = planes.low >> BitmapWord(bit) & 1
      let high = planes.high >> BitmapWord(bit) & 1
      let hasFreeWord = planes.word.isOne(at: bit)
      if bit >= count {
        guard low | high == 0, !hasFreeWord else {
          throw Broken(text: "\(place), child \(bit) is free and lies behind the end")
        }
        continue
      }
      let told = Freedom(state: PageState(bits: low | (high << 1)), hasFreeWord: hasFreeWord)
      let actual: Freedom
      if low == high {
        actual = Freedom(state: low == 0 ? .none : .all, hasFreeWord: low == 1)
        if low == 1, (child + 1) << childShift(onLevel: level) > bitCount {
          throw Broken(text: "\(place), child \(bit) is all free and reaches behind the end")
        }
      } else if level > 1 {
        actual = try check(group: child, onLevel: level - 1)
      } else {
        let word = storedWord(child)
        let end = bitCount - (child << BitmapWord.bitShift)
        if end < BitmapWord.bitCount, word >> BitmapWord(end) != 0 {
          throw Broken(text: "word \(child) is free behind the end")
        }
        actual = Freedom(of: word)
      }
      guard told == actual else {
        throw Broken(text: "\(place) has \(told) for child \(bit), which is \(actual)")
      }
    }
    return Freedom(of: planes)
  }

  /// Checks the groups below the root, stored even where the root says `none` or `all` of them.
  private func checkGroupsBelowRoot() throws(Broken) {
    let root = planes(ofGroup: 0, onLevel: rootLevel)
    for index in 0..<childCount(ofGroup: 0, onLevel: rootLevel) {
      let actual = Freedom(of: planes(ofGroup: index, onLevel: rootLevel - 1)).state
      let bit = BitmapWord(index)
      let told = root.low >> bit & 1 | (root.high >> bit & 1) << 1
      guard actual.bits == told else {
        throw Broken(text: "group \(index) right below the root is \(actual.bits), not \(told)")
      }
    }
  }

  /// Checks the cursor's word and the groups above it, which are stored whatever the groups further
  /// up say.
  private func checkCursor() throws(Broken) {
    guard cursor.wordNumber != .max else { return }
    let first = firstPageNumber >> BitmapWord.bitShift
    guard cursor.wordNumber >= first,
      cursor.wordNumber - first <= (bitCount - 1) / BitmapWord.bitCount
    else { throw Broken(text: "the cursor is at word \(cursor.wordNumber)") }
    let index = cursor.wordNumber - first
    var copy = self
    let word = copy.word(index)
    guard storedWord(index) == word, cursor.word == word else {
      throw Broken(text: "the cursor's word is stored as \(storedWord(index)), and is \(word)")
    }
    guard cursor.state == PageState(of: word) else {
      throw Broken(text: "the cursor's state is \(cursor.state.bits)")
    }
    guard cursor.groupBit == .one(at: index & Self.bitMask),
      unsafe cursor.group == wordGroup(ofWord: index)
    else { throw Broken(text: "the cursor's group is another word's") }
    // Each group on the way up has to say of its child what the child says of itself.
    var child = index
    var actual = cursor.state
    for level in 1...rootLevel {
      let planes = planes(ofGroup: child >> BitmapWord.bitShift, onLevel: level)
      let bit = BitmapWord(child & Self.bitMask)
      let told = planes.low >> bit & 1 | (planes.high >> bit & 1) << 1
      guard told == actual.bits else {
        throw Broken(text: "the group of level \(level) above the cursor is not valid")
      }
      actual = Freedom(of: planes).state
      child >>= BitmapWord.bitShift
    }
  }
}
