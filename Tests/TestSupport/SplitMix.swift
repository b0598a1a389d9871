// SPDX-License-Identifier: MIT
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A random number generator that gives the same numbers everywhere.
public struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  /// Makes a generator; each `state` gives different numbers.
  public init(state: UInt64) {
    self.state = state
  }

  /// Makes the generator of one test, or of one of its arguments.
  ///
  /// - Parameter stream: Tells tests, and their arguments, apart.  What each stream gives depends on
  ///   ``baseSeed`` too.
  public init(stream: UInt64) {
    // An odd factor: each seed gives a different start, and 0 that of `stream` alone.
    self.init(state: stream &+ Self.baseSeed &* 0xd134_2543_de82_ef95)
  }

  /// The seed that all random tests of this run begin with: 0, or the number in the environment
  /// variable `BOOTMEM_RANDOM_SEED`.
  public static let baseSeed: UInt64 = {
    guard let text = unsafe getenv(seedName) else { return 0 }
    guard let seed = unsafe UInt64(String(cString: text)) else {
      fatalError("\(seedName) must be a number")
    }
    return seed
  }()

  /// The name of the environment variable.
  static let seedName = "BOOTMEM_RANDOM_SEED"

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }

  /// Any number of up to `bitCount` bits, each length as likely as another.
  public mutating func number(upToBits bitCount: Int) -> UInt64 {
    next() >> UInt64(64 - Int.random(in: 1...bitCount, using: &self))
  }

  /// Whether a random event with a chance of one in `count` happens.
  public mutating func oneIn(_ count: Int) -> Bool {
    Int.random(in: 0..<count, using: &self) == 0
  }
}
