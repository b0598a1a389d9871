// SPDX-License-Identifier: MIT
import PageBitmap

/// Counting.
extension PageTree {
  /// Counts the free blocks of each order that are not part of a larger one of up to
  /// ``maximumOrder``.
  ///
  /// - Complexity: O(words) of what is partly free; O(1) for each group that was never touched.
  mutating func countFreeBlocks(_ count: (_ order: UInt, _ blockCount: UInt) -> Void) {
    disown()
    giveSpare()
    validateUnknown()
    let groupCount = PageTreeLayout.quotient(endWord, order: BitmapWord.bitShift)
    var group: UInt = 0
    var level = rootLevel
    while endWord > 0 && group < groupCount {
      let shift = BitmapWord.bitShift &* UInt(bitPattern: level &- 2)
      let child = group &>> shift
      let planes = unsafe planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
      let bit = child & Self.bitMask
      if unsafe !planes[Int(bitPattern: Self.valid)].isOne(at: bit) {
        if unsafe planes[Int(bitPattern: Self.maximumOrder)].isOne(at: bit) {
          count(Self.maximumOrder, 1 &<< (shift &+ PageTreeLayout.groupOrder &- Self.maximumOrder))
        }
      } else if level > 2 {
        level &-= 1
        continue
      } else {
        countFreeBlocks(ofGroup: group, count)
      }
      // Go on after this child, from the root: it may have been the last of its group.
      group = (child &+ 1) &<< shift
      level = rootLevel
    }
  }

  private mutating func countFreeBlocks(
    ofGroup group: UInt, _ count: (_ order: UInt, _ blockCount: UInt) -> Void
  ) {
    let planes = statePlanes(ofGroup: group)
    let allFree = planes.0 & planes.1 & planes.2
    Self.countBlocks(in: allFree, fromOrder: PageTreeLayout.wordOrder, to: Self.maximumOrder, count)
    var mixed = (planes.0 | planes.1 | planes.2) & ~allFree
    while mixed != 0 {
      let index = group &<< BitmapWord.bitShift | mixed.firstOne
      mixed &= mixed &- 1
      // There is no block as large as a word.
      Self.countBlocks(
        in: freePages(ofWord: index), fromOrder: 0, to: PageTreeLayout.wordOrder, count)
    }
  }

  /// Counts the blocks in a word whose bits stand for 2^`first` pages.
  private static func countBlocks(
    in free: BitmapWord, fromOrder first: UInt, to last: UInt,
    _ count: (_ order: UInt, _ blockCount: UInt) -> Void
  ) {
    var blocks = free
    var order = first
    while order < last && blocks != 0 {
      let pairs = blocks.pairs(ofOrder: order &- first)
      let unpaired = blocks.unpaired(by: pairs, ofOrder: order &- first)
      count(order, UInt(bitPattern: unpaired.nonzeroBitCount))
      blocks = pairs
      order &+= 1
    }
    count(last, UInt(bitPattern: blocks.nonzeroBitCount))
  }
}
