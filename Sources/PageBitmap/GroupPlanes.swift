// SPDX-License-Identifier: MIT

/// How free the words or groups below one group of a ``PageBitmap`` are: bit i of each plane
/// belongs to child i.
package struct GroupPlanes {
  /// The low bits of the states.
  package var low: BitmapWord

  /// The high bits of the states: set if there is an aligned group of 8 free pages.
  package var high: BitmapWord

  /// The children that are, or contain, a word whose pages are all free.
  package var word: BitmapWord

  /// Children with a free page.
  @inline(__always)
  package var anyFree: BitmapWord { low | high }

  /// Children whose pages are all free.
  @inline(__always)
  package var allFree: BitmapWord { low & high }

  /// Children with both free and reserved pages: those whose own memory is valid.
  @inline(__always)
  package var mixed: BitmapWord { low ^ high }

  /// How free the whole group is.
  @inline(__always)
  var summary: GroupSummary {
    if allFree == .max { return .all }
    return GroupSummary(
      state: high != 0 ? .clustered : low != 0 ? .scattered : .none, hasFreeWord: word != 0)
  }

  /// Sets how free child `bit` is, and makes the children in `mask` entirely free or reserved.
  @inline(__always)
  mutating func set(
    _ bit: UInt, to summary: GroupSummary, filling mask: BitmapWord = 0, free: Bool = false
  ) {
    let shift = BitmapWord(truncatingIfNeeded: bit)
    let others = ~(1 &<< shift | mask)
    let filling = free ? mask : 0
    low = low & others | filling | summary.low &<< shift
    high = high & others | filling | summary.high &<< shift
    word = word & others | filling | summary.word &<< shift
  }
}
