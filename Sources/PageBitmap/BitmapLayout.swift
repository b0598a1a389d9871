// SPDX-License-Identifier: MIT

/// How the memory of a ``PageBitmap`` on this machine is divided into its levels.
@usableFromInline
typealias BitmapLayout = WordLayout<BitmapWord>

/// How the memory of a ``PageBitmap`` with words of type `Word` is divided into its levels.
///
/// A table of the levels' addresses comes first, then the root, then level by level down to level
/// 0, which has one bit per page.  A group of a higher level describes as many words or groups of
/// the level below as a word has bits, with a few planes of one bit each.
@usableFromInline
struct WordLayout<Word: FixedWidthInteger & UnsignedInteger> {
  /// The number of bits on level 0; at least 1, even for a node without pages.
  let bitCount: UInt

  /// The level of the root, the one group that all others are below; at least 2.
  private(set) var rootLevel = 2

  /// The number of groups right below the root, at most as many as a word has bits.
  private(set) var topGroupCount: UInt = 0

  /// The size of all levels in bytes.
  private var levelsByteCount: UInt = 0

  /// The size of the table and all levels in bytes.
  var byteCount: UInt { byteCount(pointerByteCount: UInt(MemoryLayout<UInt>.size)) }

  /// Lays out a bitmap of `bitCount` bits.
  ///
  /// - Complexity: O(levels).
  @_optimize(speed)
  init(bitCount: UInt) {
    self.bitCount = max(bitCount, 1)
    var groupCount = Self.groupCount(of: self.bitCount)
    // 2^52 bits are 2^46 words, and each level is far smaller than the one below.
    var wordCount = groupCount
    groupCount = Self.groupCount(of: groupCount)
    wordCount &+= groupCount &<< Self.groupShift(onLevel: 1)
    while groupCount > UInt(Word.bitWidth) {
      groupCount = Self.groupCount(of: groupCount)
      wordCount &+= groupCount &<< Self.groupShift(onLevel: 2)
      rootLevel &+= 1
    }
    topGroupCount = groupCount
    wordCount &+= 1 &<< Self.groupShift(onLevel: 2)
    levelsByteCount = wordCount &* UInt(MemoryLayout<Word>.size)
  }

  /// The size of the table and all levels in bytes with pointers of `pointerByteCount` bytes,
  /// provided that a pointer can address that many.
  @inline(__always)
  func byteCount(pointerByteCount: UInt) -> UInt {
    levelsByteCount &+ UInt(bitPattern: rootLevel &+ 1) &* pointerByteCount
  }

  /// The number of groups needed to describe `count` bits, words or groups; `count` is not 0.
  @inline(__always)
  static func groupCount(of count: UInt) -> UInt {
    // A count is at most 2^52 where words have 64 bits and 2^32 in practice where they have 32.
    (count &+ UInt(Word.bitWidth &- 1)) &>> UInt(Word.bitWidth.trailingZeroBitCount)
  }

  /// log2 of the number of words in a group: a word itself on level 0; two planes on level 1; three
  /// planes above, and an unused word, so that a group is found without a multiplication.
  @inlinable @inline(__always)
  static func groupShift(onLevel level: Int) -> UInt {
    level == 0 ? 0 : level == 1 ? 1 : 2
  }
}
