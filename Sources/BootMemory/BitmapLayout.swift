/// How the memory of a ``PageBitmap`` is divided into its levels.
///
/// A table of where the levels are comes first, then the top level, then level by level down to
/// level 0, which has a word for each `BitmapWord.bitCount` pages.  A group of a higher
/// level describes as many words or groups of the level below with a few planes of one bit each.
struct BitmapLayout {
  /// The number of bits on level 0.
  let bitCount: UInt

  /// The level of the root, the one group that all others are below; at least 2.
  private(set) var rootLevel = 1

  /// The number of groups right below the root, at most as many as a word has bits.
  private(set) var topGroupCount: UInt = 0

  /// The size of the table and all levels in bytes.
  private(set) var byteCount: UInt = 0

  /// Lays out a bitmap of `bitCount` bits.
  ///
  /// - Complexity: O(levels).
  @_optimize(speed)
  init(bitCount: UInt) {
    self.bitCount = bitCount
    var groupCount = Self.groupCount(of: bitCount)
    // 2^52 bits are 2^46 words, and each level is far smaller than the one below.
    var wordCount = groupCount
    repeat {
      groupCount = Self.groupCount(of: groupCount)
      wordCount &+= Self.wordCount(ofGroups: groupCount, onLevel: rootLevel)
      rootLevel += 1
    } while groupCount > BitmapWord.bitCount
    topGroupCount = groupCount
    wordCount &+= Self.wordCount(ofGroups: 1, onLevel: rootLevel)
    byteCount =
      wordCount &* UInt(MemoryLayout<BitmapWord>.size)
      &+ UInt(bitPattern: rootLevel &+ 1) &* UInt(MemoryLayout<UInt>.size)
  }

  /// How many groups it takes to describe `count` bits, words or groups; at least 1.
  @inline(__always)
  static func groupCount(of count: UInt) -> UInt {
    // A count is at most 2^52 where words have 64 bits and 2^32 in practice where they have 32.
    max((count &+ (BitmapWord.bitCount &- 1)) &>> BitmapWord.bitShift, 1)
  }

  /// The number of words that groups take.
  @inline(__always)
  static func wordCount(ofGroups groupCount: UInt, onLevel level: Int) -> UInt {
    // The same as by `groupShift`, without a branch: 1 word, 2, and 4 from level 2 up.
    groupCount &<< min(UInt(bitPattern: level), 2)
  }

  /// log2 of the number of words in a group: a word itself on level 0; two planes on level 1; three
  /// above, and one word that is not used, so that a group is found without a multiplication.
  @inline(__always)
  static func groupShift(onLevel level: Int) -> UInt {
    level == 0 ? 0 : level == 1 ? 1 : 2
  }
}
