// SPDX-License-Identifier: MIT

/// How free the pages are that a word holds, or all that lie below a group.
struct PageState: Equatable {
  /// The state's two bits, as the planes of a group have them.
  let bits: BitmapWord

  /// No page is free.
  static var none: PageState { PageState(bits: 0b00) }

  /// Some pages are free, but no aligned group of 8, a byte of the bitmap.
  static var scattered: PageState { PageState(bits: 0b01) }

  /// Some pages are free, among them an aligned group of 8.
  static var clustered: PageState { PageState(bits: 0b10) }

  /// Every page is free.
  static var all: PageState { PageState(bits: 0b11) }

  @inline(__always)
  init(bits: BitmapWord) {
    self.bits = bits
  }

  /// The state of a word.
  @inline(__always)
  init(of word: BitmapWord) {
    if _fastPath(word.hasFullByte) {
      self = word == .max ? .all : .clustered
    } else {
      self = word != 0 ? .scattered : .none
    }
  }
}

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
