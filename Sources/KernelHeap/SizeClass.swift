// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The size that small allocations are rounded up to, up to half a page.
///
/// In pages of 4 KiB: multiples of 16 up to 128 bytes; four sizes for each doubling up to an eighth
/// of a page, 160, 192, 224, 256, 320 and so on; and from there on a page divided by 7, 6, 5, 4, 3
/// and 2: 576, 672, 816, 1024, 1360 and 2048 bytes.  Beyond 128 bytes at most a fifth of a slot is
/// lost, from 1025 bytes on at most a quarter, and from 1361 on at most a third.  Every slot is
/// aligned to the largest power of two that its size is divisible by, as slots begin where the page
/// does.
struct SizeClass: Equatable {
  /// The size of the smallest slot, and the alignment that every allocation has.
  static var minimumByteCount: UInt { 16 }

  /// How many classes there can be: 22 with pages of 4 KiB, 38 with pages of 64 KiB.
  static var capacity: Int { 38 }

  /// The size of the largest slot.
  static var maximumByteCount: UInt { pageByteCount / 2 }

  /// The number of the class, ascending by size.
  let index: Int

  private static var pageByteCount: UInt { UInt(truncatingIfNeeded: PageFrame.byteCount) }

  /// The number of classes that are multiples of 16 bytes.
  private static var linearCount: Int { 8 }

  /// log2 of the size that the last of them has.
  private static var linearShift: Int { 7 }

  /// The number of classes after those, four for each doubling up to an eighth of a page.
  private static var geometricCount: Int {
    // Pages have at least 4 KiB.
    (Int(truncatingIfNeeded: PageFrame.byteCountShift) &- 3 &- linearShift) &* 4
  }

  private static var firstDivided: Int { linearCount &+ geometricCount }

  /// How many classes there are.
  static var count: Int { firstDivided &+ 6 }

  /// The size of a slot if a page has `slotCount` of them, from 2 to 7.
  @inline(__always)
  private static func dividedByteCount(_ slotCount: UInt) -> UInt {
    pageByteCount / slotCount & ~(minimumByteCount &- 1)
  }

  init(index: Int) {
    self.index = index
  }

  /// The class for `byteCount` bytes, from 1 to ``maximumByteCount``.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  init(holding byteCount: UInt) {
    let last = byteCount &- 1
    if last < 1 &<< UInt(bitPattern: Self.linearShift) {
      index = Int(bitPattern: last >> 4)
    } else if last < Self.pageByteCount / 8 {
      // At least 7: the size is above 2^shift, and at most 2^(shift + 1).
      let shift = UInt.bitWidth &- 1 &- last.leadingZeroBitCount
      let quarter = Int(bitPattern: last &>> UInt(bitPattern: shift &- 2) & 3)
      index = Self.linearCount &+ (shift &- Self.linearShift) &* 4 &+ quarter
    } else {
      var index = Self.firstDivided
      if last >= Self.dividedByteCount(7) { index &+= 1 }
      if last >= Self.dividedByteCount(6) { index &+= 1 }
      if last >= Self.dividedByteCount(5) { index &+= 1 }
      if last >= Self.dividedByteCount(4) { index &+= 1 }
      if last >= Self.dividedByteCount(3) { index &+= 1 }
      self.index = index
    }
  }

  /// The class for `byteCount` bytes, not 0, whose slots have this alignment, a power of two; nil
  /// if it takes whole pages.
  ///
  /// - Complexity: O(classes); O(1) for the alignment that every allocation has.
  init?(holding byteCount: UInt, alignedTo alignment: UInt) {
    guard max(byteCount, alignment) <= Self.maximumByteCount else { return nil }
    self.init(holding: max(byteCount, alignment))
    // The largest slot has every alignment up to its size.
    while self.byteCount & (alignment &- 1) != 0 { self.init(index: index &+ 1) }
  }

  /// The size of a slot.
  var byteCount: UInt {
    if index < Self.linearCount { return UInt(bitPattern: index &+ 1) &* Self.minimumByteCount }
    if index < Self.firstDivided {
      let place = index &- Self.linearCount
      // At most an eighth of a page.
      return UInt(bitPattern: (place & 3) &+ 5)
        &<< UInt(bitPattern: place / 4 &+ Self.linearShift &- 2)
    }
    return Self.dividedByteCount(UInt(bitPattern: Self.firstDivided &+ 7 &- index))
  }

  /// The number of slots in a page.
  var slotCount: UInt { Self.pageByteCount / byteCount }
}
