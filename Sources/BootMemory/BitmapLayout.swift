/// Where the levels of a ``PageBitmap`` lie in its memory.
///
/// Level 0 has a word for each `BitmapWord.bitCount` pages.  A group of a higher level describes as
/// many words or groups of the level below with a few planes of one bit each: two planes on
/// level 1, three above.  The root, a single group, comes first in memory, level 0 last.
struct BitmapLayout {
  /// More levels than 2^52 pages need: 46 bits of words at 6 bits a level, or 47 at 5.
  static let maximumLevelCount = 11

  /// The number of bits on level 0.
  let bitCount: UInt

  /// The root's level; at least 1.
  let rootLevel: Int

  /// The size of all levels in bytes.
  let byteCount: UInt

  /// The number of planes in a group of `level`.
  @inline(__always)
  static func planeCount(onLevel level: Int) -> UInt { level == 1 ? 2 : 3 }

  /// Lays out a bitmap of `bitCount` bits.
  ///
  /// - Complexity: O(levels).
  init(bitCount: UInt) {
    self.bitCount = bitCount
    var wordCount = Self.wordCount(onLevel: 0, bitCount: bitCount)
    var level = 0
    repeat {
      level += 1
      // 2^52 bits are 2^46 words, and each level is far smaller than the one below.
      wordCount &+= Self.wordCount(onLevel: level, bitCount: bitCount)
    } while Self.groupCount(onLevel: level, bitCount: bitCount) > 1
    self.rootLevel = level
    self.byteCount = wordCount &* UInt(MemoryLayout<BitmapWord>.size)
  }

  /// The number of groups on `level`, at least 1; on level 0 a group is a word.
  static func groupCount(onLevel level: Int, bitCount: UInt) -> UInt {
    var count = bitCount
    for _ in 0...level {
      // Rounded up without adding, so that nothing overflows.
      let rest = count & (BitmapWord.bitCount &- 1)
      count = (count &>> BitmapWord.bitShift) &+ (rest == 0 ? 0 : 1)
    }
    return max(count, 1)
  }

  /// The number of words that `level` takes.
  static func wordCount(onLevel level: Int, bitCount: UInt) -> UInt {
    let groupCount = groupCount(onLevel: level, bitCount: bitCount)
    return level == 0 ? groupCount : groupCount &* planeCount(onLevel: level)
  }
}
