// SPDX-License-Identifier: MIT

/// Address arithmetic that reports when a result does not fit.
extension UInt64 {
  /// This value rounded down to a multiple of `alignment`.
  ///
  /// - Precondition: `alignment` is a power of two.
  @inlinable
  public func roundedDown(toMultipleOf alignment: UInt64) -> UInt64 {
    precondition(alignment.isPowerOfTwo)
    // A power of two is at least 1, so taking 1 from it cannot wrap.
    return self & ~(alignment &- 1)
  }

  /// This value rounded up to a multiple of `alignment`; nil if that is beyond 64 bits.
  ///
  /// - Precondition: `alignment` is a power of two.
  @inlinable
  public func roundedUp(toMultipleOf alignment: UInt64) -> UInt64? {
    precondition(alignment.isPowerOfTwo)
    let (sum, overflow) = addingReportingOverflow(alignment &- 1)
    return overflow ? nil : sum & ~(alignment &- 1)
  }

  /// Whether exactly one bit is set.
  @inlinable
  public var isPowerOfTwo: Bool {
    // For 0 the subtraction wraps to all ones, but the first test has already failed.
    self != 0 && self & (self &- 1) == 0
  }
}
