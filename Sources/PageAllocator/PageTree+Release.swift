// SPDX-License-Identifier: MIT
import PageBitmap

/// Releasing what has been reserved since boot.
extension PageTree {
  /// The first page from bit `start` on, below `end`, that is not reserved.
  ///
  /// - Complexity: O(words).
  mutating func firstNotReserved(from start: UInt, to end: UInt) -> UInt? {
    var found: UInt?
    forEachWord(from: start, to: end) { tree, index, mask in
      // The words of entirely free memory are not stored.
      let isFree = tree.allFreeWords(ofGroup: index &>> BitmapWord.bitShift)
        .isOne(at: index & Self.bitMask)
      let reserved = isFree ? 0 : tree.freeWord(index) & tree.headWord(index)
      let others = mask & ~reserved
      if others != 0 { found = index &<< BitmapWord.bitShift | others.firstOne }
      return others == 0
    }
    return found
  }

  /// Frees reserved pages.
  ///
  /// - Complexity: O(words).
  mutating func release(from start: UInt, to end: UInt) {
    forEachWord(from: start, to: end) { tree, index, mask in
      let state = tree.state(ofWord: index)
      tree.setHeadWord(index, tree.headWord(index) & ~mask)
      if index != tree.ownedWord {
        tree.changeState(
          ofWord: index, from: state, toThatOf: tree.freePages(ofWord: index))
      }
      return true
    }
  }

  /// Calls `body` for each word that has bits from `start` up to `end`, with the mask of those
  /// bits, until it returns false; the word's group is valid.
  private mutating func forEachWord(
    from start: UInt, to end: UInt, _ body: (inout PageTree, UInt, BitmapWord) -> Bool
  ) {
    var bit = start
    while bit < end {
      let index = bit &>> BitmapWord.bitShift
      let wordEnd = min((index &+ 1) &<< BitmapWord.bitShift, end)
      validate(index &>> BitmapWord.bitShift)
      let mask = BitmapWord.ones(from: bit & Self.bitMask, count: wordEnd &- bit)
      guard body(&self, index, mask) else { return }
      bit = wordEnd
    }
  }
}
