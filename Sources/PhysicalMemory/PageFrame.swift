// SPDX-License-Identifier: MIT

/// A page frame: ``byteCount`` bytes of physical memory, numbered from address 0 up (PFN).
///
/// The size is chosen when the package is built and is the same in all modules: 4096 bytes, or 16
/// or 64 KiB with the condition `BOOTMEM_PAGE_SIZE_16K` or `BOOTMEM_PAGE_SIZE_64K`
/// (`swift build -Xswiftc -DBOOTMEM_PAGE_SIZE_64K`).
public struct PageFrame: Hashable, Comparable, Sendable {
  /// log2 of the size of a page frame in bytes.
  @inlinable
  public static var byteCountShift: UInt64 {
    #if BOOTMEM_PAGE_SIZE_16K && BOOTMEM_PAGE_SIZE_64K
    #error("two sizes of pages are chosen")
    #elseif BOOTMEM_PAGE_SIZE_16K
    14
    #elseif BOOTMEM_PAGE_SIZE_64K
    16
    #else
    12
    #endif
  }

  /// The size of a page frame in bytes.
  @inlinable
  public static var byteCount: UInt64 { 1 << byteCountShift }

  /// The number of bits in a page frame number: 52 with pages of 4 KiB.
  ///
  /// The order of a block is always smaller.
  @inlinable
  public static var numberBitCount: Int { 64 - Int(byteCountShift) }

  /// The page frame just past the last one of a 64-bit address space.
  @inlinable
  public static var end: PageFrame { PageFrame(1 << UInt64(numberBitCount)) }

  /// The page frame number (PFN).
  public let number: UInt64

  /// Makes the page frame with this number.
  @inlinable
  public init(_ number: UInt64) {
    self.number = number
  }

  /// The address of the first byte; nil for a number at or beyond ``end``.
  @inlinable
  public var firstAddress: PhysicalAddress? {
    self < PageFrame.end ? PhysicalAddress(number << PageFrame.byteCountShift) : nil
  }

  /// The page frame `pageCount` frames above this one; nil if that number is beyond 64 bits.
  @inlinable
  public func advanced(byPageCount pageCount: UInt64) -> PageFrame? {
    let (sum, overflow) = number.addingReportingOverflow(pageCount)
    return overflow ? nil : PageFrame(sum)
  }

  /// The number of pages needed to hold `byteCount` bytes; the last one may be only partly filled.
  @inlinable
  public static func pageCount(holdingByteCount byteCount: UInt64) -> UInt64 {
    // The quotient is at most 2^52, so adding 1 cannot overflow.
    (byteCount >> byteCountShift) &+ (byteCount & (Self.byteCount - 1) == 0 ? 0 : 1)
  }

  /// Whether `left` lies below `right`.
  @inlinable
  public static func < (left: PageFrame, right: PageFrame) -> Bool {
    left.number < right.number
  }
}

/// In code, a page frame is written as a number: `0x100`.
extension PageFrame: ExpressibleByIntegerLiteral {
  /// Makes the page frame with this number.
  @inlinable
  public init(integerLiteral value: UInt64) {
    self.init(value)
  }
}
