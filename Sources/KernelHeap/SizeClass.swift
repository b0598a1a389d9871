// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The size that small allocations are rounded up to: 16, 32, 48, 64, 96, 128, … bytes, that is 2^k
/// and 3 × 2^(k-1), up to half a page.
///
/// A third of a slot at most is lost, but for sizes between a quarter and a half of a page, where three
/// quarters of the larger one would hold no more slots in a page.  Every slot is aligned to the largest
/// power of two that its size is divisible by, as slots begin where the page does.
struct SizeClass: Equatable {
  /// The size of the smallest slot, and the alignment that every allocation has.
  static let minimumByteCount: UInt = 16

  /// The number of classes, some of which no size needs: for pages of up to 64 KiB.
  static let count = 24

  /// Of the lists of classes.
  let index: Int

  /// The size of a slot.
  let byteCount: UInt

  /// The number of slots in a page.
  var slotCount: UInt { Self.pageByteCount / byteCount }

  private static var pageByteCount: UInt { UInt(truncatingIfNeeded: PageFrame.byteCount) }

  /// The class for allocations of so many bytes, a multiple of the alignment that they need; nil where
  /// whole pages serve them.
  ///
  /// - Complexity: O(1).
  init?(holding byteCount: UInt) {
    guard byteCount <= Self.pageByteCount / 2 else { return nil }
    guard byteCount > Self.minimumByteCount else {
      self.init(index: 0, byteCount: Self.minimumByteCount)
      return
    }
    // From 5 to 15: the size is above 2^(shift - 1), and at most 2^shift.
    let shift = UInt.bitWidth &- (byteCount &- 1).leadingZeroBitCount
    let full: UInt = 1 << UInt(truncatingIfNeeded: shift)
    let threeQuarters = full / 4 * 3
    // From 0 to 22.
    let index = (shift &- 4) &* 2
    if byteCount <= threeQuarters, threeQuarters.isMultiple(of: Self.minimumByteCount),
      full < Self.pageByteCount / 2
    {
      self.init(index: index &- 1, byteCount: threeQuarters)
    } else {
      self.init(index: index, byteCount: full)
    }
  }

  private init(index: Int, byteCount: UInt) {
    self.index = index
    self.byteCount = byteCount
  }
}
