/// Where the levels of a ``PageBitmap`` lie in its memory.
///
/// Level 0 has a word for each `BitmapWord.bitCount` pages.  A group of a higher level describes as
/// many words or groups of the level below with a few planes of one bit each.  The root, a single
/// group, comes first in memory, level 0 last.
struct BitmapLayout {
  /// The number of bits on level 0.
  let bitCount: UInt

  /// The root's level; at least 1.
  private(set) var rootLevel = 0

  /// The size of all levels in bytes.
  private(set) var byteCount: UInt = 0

  /// The number of words that each level takes.
  ///
  /// There are more levels than 2^52 pages need: 46 bits of words at 6 bits a level, 47 at 5.
  private(set) var wordCounts = InlineArray<11, UInt>(repeating: 0)

  /// log2 of the number of words in a group: two planes on level 1; three above, and one word that
  /// is not used, so that a group's place is found without a multiplication.
  @inline(__always)
  static func groupShift(onLevel level: Int) -> UInt { level == 1 ? 1 : 2 }

  /// Lays out a bitmap of `bitCount` bits.
  ///
  /// - Complexity: O(levels).
  init(bitCount: UInt) {
    self.bitCount = bitCount
    var groupCount = Self.groupCount(of: bitCount)
    wordCounts[0] = groupCount
    // 2^52 bits are 2^46 words, and each level is far smaller than the one below.
    var wordCount = groupCount
    repeat {
      rootLevel += 1
      groupCount = Self.groupCount(of: groupCount)
      let count = groupCount &<< Self.groupShift(onLevel: rootLevel)
      wordCounts[rootLevel] = count
      wordCount &+= count
    } while groupCount > 1
    byteCount = wordCount &* UInt(MemoryLayout<BitmapWord>.size)
  }

  /// How many groups it takes to describe `count` bits, words or groups; at least 1.
  private static func groupCount(of count: UInt) -> UInt {
    // Rounded up without adding, so that nothing overflows.
    let rest = count & (BitmapWord.bitCount &- 1)
    return max(count &>> BitmapWord.bitShift, 1)
      &+ (rest == 0 || count < BitmapWord.bitCount ? 0 : 1)
  }
}
