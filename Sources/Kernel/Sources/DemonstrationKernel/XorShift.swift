// SPDX-License-Identifier: MIT

/// Random numbers, the same in every run (Marsaglia, "Xorshift RNGs", 2003).
struct XorShift {
  private var state: UInt32

  /// Makes a generator whose numbers are a stream of their own.
  init(stream: UInt32 = 0) {
    state = 2_463_534_242 &+ stream &* 0x9e37_79b9
    if state == 0 { state = 1 }
  }

  /// A number from 0 up to, but not including, `bound`.
  mutating func next(below bound: UInt32) -> Int {
    state ^= state << 13
    state ^= state >> 17
    state ^= state << 5
    // The upper half of the product is below the bound.
    return Int((UInt64(state) * UInt64(bound)) >> 32)
  }
}
