// SPDX-License-Identifier: MIT

/// How free a group, or a word, is, as the group above wants to know it.
struct GroupSummary: Equatable {
  /// The state in the lower two bits; the third says whether there is a word with free pages only.
  let bits: BitmapWord

  /// Every page is free.
  static var all: GroupSummary { GroupSummary(state: .all, hasFreeWord: true) }

  @inline(__always)
  init(state: PageState, hasFreeWord: Bool) {
    bits = state.bits | (hasFreeWord ? 0b100 : 0)
  }

  /// The summary of a word.
  @inline(__always)
  init(of word: BitmapWord) {
    self.init(state: PageState(of: word), hasFreeWord: word == .max)
  }

  /// The state alone.
  @inline(__always)
  var state: PageState { PageState(bits: bits & 0b11) }

  /// What the plane of low bits has for it: 0 or 1.
  @inline(__always)
  var low: BitmapWord { bits & 1 }

  /// What the plane of high bits has for it: 0 or 1.
  @inline(__always)
  var high: BitmapWord { bits &>> 1 & 1 }

  /// What the plane of free words has for it: 0 or 1.
  @inline(__always)
  var word: BitmapWord { bits &>> 2 }
}
