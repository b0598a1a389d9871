// SPDX-License-Identifier: MIT

/// How free a group or a word is, in the form that the group above records.
struct GroupSummary: Equatable {
  /// The state in the lower two bits; the third is set if there is a word whose pages are all free.
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

  /// Its bit in the plane of low bits: 0 or 1.
  @inline(__always)
  var low: BitmapWord { bits & 1 }

  /// Its bit in the plane of high bits: 0 or 1.
  @inline(__always)
  var high: BitmapWord { bits &>> 1 & 1 }

  /// Its bit in the plane of free words: 0 or 1.
  @inline(__always)
  var word: BitmapWord { bits &>> 2 }
}
