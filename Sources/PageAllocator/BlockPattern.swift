// SPDX-License-Identifier: MIT
import PageBitmap

/// Finding free blocks in a word whose bits stand for pages, or for words that are entirely free.
///
/// Orders here count bits: a block of order j has 2^j bits and begins at a multiple of 2^j.
/// A word of *blocks* of order j has a bit set at the beginning of each block, and no other.
extension BitmapWord {
  /// The bits whose number is a multiple of 2^`order`; up to the word's width.
  static func multiples(ofOrder order: UInt) -> BitmapWord {
    switch order {
    case 0: .max
    case 1: .max / 0x3
    case 2: .max / 0xf
    case 3: .max / 0xff
    case 4: .max / 0xffff
    case 5: BitmapWord(truncatingIfNeeded: 0x1_0000_0001 as UInt64)
    default: 1
    }
  }

  /// The blocks of order `order` in this word that form a block twice as large with the next one.
  @inline(__always)
  func pairs(ofOrder order: UInt) -> BitmapWord {
    // The shift stays below the width: no caller asks for blocks larger than a word.
    self & (self &>> BitmapWord(truncatingIfNeeded: 1 &<< order as UInt))
      & .multiples(ofOrder: order &+ 1)
  }

  /// The blocks of order `order` in this word that are in none of `pairs`.
  func unpaired(by pairs: BitmapWord, ofOrder order: UInt) -> BitmapWord {
    self & ~(pairs | pairs &<< BitmapWord(truncatingIfNeeded: 1 &<< order as UInt))
  }

  /// The blocks of order `order` in a word of free bits.
  @inline(__always)
  func blocks(ofOrder order: UInt) -> BitmapWord {
    // The bits that begin a long enough run of ones.  The steps are written out so that the shifts
    // are constants.
    var begins = self
    if order > 0 {
      begins &= begins &>> 1
      if order > 1 {
        begins &= begins &>> 2
        if order > 2 {
          begins &= begins &>> 4
          if order > 3 {
            begins &= begins &>> 8
            if order > 4 { begins &= begins &>> 16 }
          }
        }
      }
    }
    return begins & .multiples(ofOrder: order)
  }

  /// The blocks of order `order` that are not part of a larger one.
  @inline(__always)
  func unpairedBlocks(ofOrder order: UInt) -> BitmapWord {
    let blocks = self.blocks(ofOrder: order)
    return blocks.unpaired(by: blocks.pairs(ofOrder: order), ofOrder: order)
  }

  /// The lowest of the smallest blocks of order `order` or above in a word of free bits, not all of
  /// them set; nil if there is none.
  @inline(__always)
  func lowestBlock(ofOrder order: UInt) -> UInt? {
    var blocks = self.blocks(ofOrder: order)
    var reached = order
    while blocks != 0 {
      let pairs = blocks.pairs(ofOrder: reached)
      if pairs == 0 { return blocks.firstOne }
      let unpaired = blocks.unpaired(by: pairs, ofOrder: reached)
      if unpaired != 0 { return unpaired.firstOne }
      blocks = pairs
      reached &+= 1
    }
    return nil
  }

  /// The state of a word with these free pages: 0 for none, the largest block's order plus 1, or
  /// 7 where all are free.
  @inline(__always)
  var state: UInt {
    if self == 0 { return 0 }
    var blocks = pairs(ofOrder: 0)
    if blocks == 0 { return 1 }
    blocks = blocks.pairs(ofOrder: 1)
    if blocks == 0 { return 2 }
    blocks = blocks.pairs(ofOrder: 2)
    if blocks == 0 { return 3 }
    blocks = blocks.pairs(ofOrder: 3)
    if blocks == 0 { return 4 }
    if self == .max { return PageTree.allFreeState }
    // Half of a word of 32 bits has order 4.
    if BitmapWord.bitCount == 32 { return 5 }
    return blocks.pairs(ofOrder: 4) == 0 ? 5 : 6
  }
}
