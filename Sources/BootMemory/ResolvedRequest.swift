// SPDX-License-Identifier: MIT
import PhysicalMemory

/// An allocation in the form that the search in a node takes.
///
/// It is an ``AllocationRequest`` with the platform's figures filled in, checked, and in words of
/// the machine.
struct ResolvedRequest {
  /// The size in bytes; not 0.
  let byteCount: UInt

  /// The alignment in bytes, a power of two.
  let alignment: UInt64

  /// The address to look at or above first; 0 means anywhere.
  var goal: UInt64

  /// The page that the allocation must lie below; `.max` for no limit.
  private(set) var limitPage: PageNumber = .max

  init(byteCount: UInt, alignment: UInt64, goal: UInt64) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.goal = goal
  }

  /// Lowers the limit to `limit` if it is above that.
  ///
  /// A goal from which the size reaches beyond the new limit is dropped, as with any limit.
  mutating func lowerLimit(to limit: UInt64) {
    let page = PageNumber(clamping: limit >> PageFrame.byteCountShift)
    if page >= limitPage { return }
    limitPage = page
    let (end, overflow) = goal.addingReportingOverflow(UInt64(byteCount))
    if overflow || end > limit { goal = 0 }
  }

  /// The number of whole pages that must be free: the size, rounded up.
  var pageCount: UInt {
    // The size is not 0, and the quotient leaves room for 1 more.
    (byteCount &- 1) &>> PageFrame.numberShift &+ 1
  }

  /// The alignment in pages, at least 1.
  var pageStep: UInt {
    let step = alignment >> PageFrame.byteCountShift
    // From half of the address space up, every alignment allows only page frame 0.
    let largest: UInt64 = 1 << UInt64(UInt.bitWidth - 1)
    return step == 0 ? 1 : UInt(truncatingIfNeeded: min(step, largest))
  }

  /// The goal, rounded down to a page.
  var goalPage: PageNumber { PageNumber(clamping: goal >> PageFrame.byteCountShift) }
}
