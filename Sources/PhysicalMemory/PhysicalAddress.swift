// SPDX-License-Identifier: MIT

/// A physical address, in bytes from 0.
///
/// It has 64 bits on every machine: the firmware of a 32-bit processor may report memory that the
/// processor cannot reach.  Address 0 is an address like any other; "no address" is nil.
public struct PhysicalAddress: Hashable, Comparable, Sendable {
  /// The number of bytes below this address.
  public let rawValue: UInt64

  /// Makes the address that has `rawValue` bytes below it.
  @inlinable
  public init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The page frame that holds this address.
  @inlinable
  public var pageFrame: PageFrame {
    PageFrame(rawValue >> PageFrame.byteCountShift)
  }

  /// Whether this is the first address of a page frame.
  @inlinable
  public var isPageAligned: Bool {
    rawValue & (PageFrame.byteCount - 1) == 0
  }

  /// The address `byteCount` bytes above this one; nil if that is beyond 64 bits.
  @inlinable
  public func advanced(byByteCount byteCount: UInt64) -> PhysicalAddress? {
    let (sum, overflow) = rawValue.addingReportingOverflow(byteCount)
    return overflow ? nil : PhysicalAddress(sum)
  }

  /// Whether `left` lies below `right`.
  @inlinable
  public static func < (left: PhysicalAddress, right: PhysicalAddress) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// In code, an address is written as a number: `0x10_0000`.
extension PhysicalAddress: ExpressibleByIntegerLiteral {
  /// Makes the address with this number.
  @inlinable
  public init(integerLiteral value: UInt64) {
    self.init(value)
  }
}
