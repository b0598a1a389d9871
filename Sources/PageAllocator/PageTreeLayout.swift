// SPDX-License-Identifier: MIT
import PageBitmap

/// How the memory of a ``PageTree`` is divided.
///
/// A table of where the levels are comes first, then the root, then level by level down to the
/// groups of words, then the head bits, and last a word that stays 0.
struct PageTreeLayout {
  /// log2 of the number of pages in a word.
  static var wordOrder: UInt { BitmapWord.bitShift }

  /// log2 of the number of pages in a group of words.
  static var groupOrder: UInt { BitmapWord.bitShift &* 2 }

  /// The number of words that the state of a group of words takes, one for each bit of a state.
  static var stateWordCount: UInt { 3 }

  /// log2 of the number of words that a group of a higher level takes.
  static var planesShift: UInt { 4 }

  /// The number of groups of words.
  let groupCount: UInt

  /// The level that has one group, the root; at least 2.
  private(set) var rootLevel = 2

  /// The total number of bytes.
  private(set) var byteCount: UInt = 0

  /// Lays out a tree for `bitCount` pages that begin at a multiple of a group's size.
  ///
  /// - Complexity: O(levels).
  init(bitCount: UInt) {
    groupCount = Self.quotient(bitCount, order: Self.groupOrder)
    var wordCount = groupCount &* (BitmapWord.bitCount &+ Self.stateWordCount) &+ 1
    var count = Self.quotient(groupCount, order: BitmapWord.bitShift)
    // At most 2^52 pages, or 2^20 with words of 32 bits: the sums are far from overflowing.
    while true {
      wordCount &+= count &<< Self.planesShift
      if count == 1 { break }
      count = Self.quotient(count, order: BitmapWord.bitShift)
      rootLevel &+= 1
    }
    byteCount =
      wordCount &* UInt(MemoryLayout<BitmapWord>.size)
      &+ UInt(bitPattern: rootLevel &+ 1) &* UInt(MemoryLayout<UInt>.size)
  }

  /// The number of groups of 2^`order` that hold `count`; at least 1.
  @inline(__always)
  static func quotient(_ count: UInt, order: UInt) -> UInt {
    max((count &+ ((1 &<< order) &- 1)) &>> order, 1)
  }
}
