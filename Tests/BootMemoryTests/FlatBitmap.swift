import BootMemoryTrace

/// A flat bitmap, one bit a page, 1 is free: what the tree must never differ from.
///
/// Simple on purpose: no levels, nothing remembered.  Untouched address space of the host reads as
/// zero, so that a new bitmap has every page reserved.
@safe final class FlatBitmap {
  let bitCount: Int
  private let arena: Arena
  private let words: UnsafeMutablePointer<UInt64>

  init(bitCount: Int) {
    self.bitCount = bitCount
    let arena = Arena(byteCount: (bitCount / 64 + 2) * 8)!
    self.arena = arena
    unsafe words = arena.start.assumingMemoryBound(to: UInt64.self)
  }

  func isFree(_ bit: Int) -> Bool {
    unsafe words[bit / 64] >> UInt64(bit % 64) & 1 == 1
  }

  func set(_ range: Range<Int>, free: Bool) {
    var bit = range.lowerBound
    while bit < range.upperBound {
      let offset = bit % 64
      let count = min(64 - offset, range.upperBound - bit)
      let mask = (UInt64.max >> UInt64(64 - count)) << UInt64(offset)
      if free {
        unsafe words[bit / 64] |= mask
      } else if unsafe words[bit / 64] != 0 {
        unsafe words[bit / 64] &= ~mask
      }
      bit += count
    }
  }

  /// The first bit in `range` that is free, or is reserved.
  func first(free: Bool, in range: Range<Int>) -> Int? {
    var bit = range.lowerBound
    while bit < range.upperBound {
      var word = unsafe words[bit / 64]
      if !free { word = ~word }
      word &= UInt64.max << UInt64(bit % 64)
      if word != 0 {
        let found = bit / 64 * 64 + word.trailingZeroBitCount
        return found < range.upperBound ? found : nil
      }
      bit = (bit / 64 + 1) * 64
    }
    return nil
  }
}
