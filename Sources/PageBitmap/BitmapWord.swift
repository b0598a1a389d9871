// SPDX-License-Identifier: MIT

/// A word of the bitmap, as wide as the machine's own words: bit i stands for page i; 1 is free.
///
/// `BOOTMEM_NARROW_WORDS` makes words 32 bits wide on a 64-bit host, so that tests can run there
/// what an i386 kernel runs.
#if BOOTMEM_NARROW_WORDS
@usableFromInline
package typealias BitmapWord = UInt32
#else
@usableFromInline
package typealias BitmapWord = UInt
#endif

// Bit numbers inside a word are below its width wherever they are used to shift, so the masking
// shifts here (`&<<`, `&>>`) do what the checked ones do, without their branches.
extension BitmapWord {
  /// log2 of the number of bits in a word.
  @inlinable @inline(__always)
  package static var bitShift: UInt { UInt(truncatingIfNeeded: bitWidth.trailingZeroBitCount) }

  /// The number of bits in a word.
  @inlinable @inline(__always)
  package static var bitCount: UInt { UInt(truncatingIfNeeded: bitWidth) }

  /// All bits from `bit` to the top.
  @inlinable @inline(__always)
  package static func ones(from bit: UInt) -> BitmapWord {
    .max &<< BitmapWord(truncatingIfNeeded: bit)
  }

  /// All bits up to and including `bit`.
  @inlinable @inline(__always)
  package static func ones(upTo bit: UInt) -> BitmapWord {
    .max &>> BitmapWord(truncatingIfNeeded: bitCount &- 1 &- bit)
  }

  /// All bits above `bit`.
  @inlinable @inline(__always)
  package static func ones(above bit: UInt) -> BitmapWord {
    ones(from: bit) & ~one(at: bit)
  }

  /// All bits below `bit`.
  @inlinable @inline(__always)
  package static func ones(below bit: UInt) -> BitmapWord {
    one(at: bit) &- 1
  }

  /// `count` bits from `bit` upwards; 0 < count, bit + count ≤ width.
  @inlinable @inline(__always)
  package static func ones(from bit: UInt, count: UInt) -> BitmapWord {
    (.max &>> BitmapWord(truncatingIfNeeded: bitCount &- count))
      &<< BitmapWord(truncatingIfNeeded: bit)
  }

  /// Only `bit`.
  @inlinable @inline(__always)
  package static func one(at bit: UInt) -> BitmapWord {
    1 &<< BitmapWord(truncatingIfNeeded: bit)
  }

  /// All bits except `bit`.
  ///
  /// It is written as a rotation, which compilers recognise as the operand of an instruction that
  /// clears a bit.
  @inlinable @inline(__always)
  package static func ones(except bit: UInt) -> BitmapWord {
    let shift = BitmapWord(truncatingIfNeeded: bit)
    return (~1 &<< shift) | (~1 &>> (0 &- shift))
  }

  /// Every bit whose number is a multiple of `step`, a power of two below the width.
  package static func ones(every step: UInt) -> BitmapWord {
    var pattern: BitmapWord = 1
    var distance = step
    while distance < bitCount {
      pattern |= pattern &<< BitmapWord(truncatingIfNeeded: distance)
      distance &<<= 1
    }
    return pattern
  }

  /// The number of the lowest bit that is 1, in a word that is not 0.
  @inlinable @inline(__always)
  package var firstOne: UInt { UInt(truncatingIfNeeded: trailingZeroBitCount) }

  /// Whether `bit` is 1.
  @inlinable @inline(__always)
  package func isOne(at bit: UInt) -> Bool { self & .one(at: bit) != 0 }

  /// Whether any byte of the word has all its bits set.
  @inlinable @inline(__always)
  package var hasFullByte: Bool {
    // The classic test for a zero byte, applied to the complement.  The subtraction may wrap, and
    // it borrows only above the lowest zero byte, which has been detected by then.
    let inverse = ~self
    let lowest = BitmapWord.max / 0xff
    return (inverse &- lowest) & ~inverse & (lowest &<< 7) != 0
  }

  /// The bits at which, as far as this word shows, a run of `length` ones begins.
  ///
  /// Bits above the word count as ones, since a run may continue there.
  ///
  /// - Complexity: O(log `length`).
  @inlinable @inline(__always)
  package func runStarts(ofLength length: UInt) -> BitmapWord {
    let length = length < BitmapWord.bitCount ? length : BitmapWord.bitCount
    var starts = self
    var covered: UInt = 1
    while covered < length {
      // At least 1, and `covered` at most doubles, up to the width: the shift is below the width.
      let distance = covered < length &- covered ? covered : length &- covered
      let shift = BitmapWord(truncatingIfNeeded: distance)
      starts &= (starts &>> shift) | ~(.max &>> shift)
      covered &+= distance
    }
    return starts
  }
}
