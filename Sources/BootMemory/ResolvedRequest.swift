import PhysicalMemory

/// An allocation as the search in a node takes it: an ``AllocationRequest`` with the platform's
/// figures filled in, checked, and in words of the machine.
struct ResolvedRequest {
  /// The size; not 0.
  let byteCount: UInt

  /// The alignment, a power of two.
  let alignment: UInt64

  /// Where to look first; 0 is anywhere.
  private(set) var goal: UInt64

  /// What the allocation must lie below; nil for no limit.
  let limit: UInt64?

  /// Resolves a request whose size and alignment have been checked.
  ///
  /// A goal from which the size reaches beyond the limit counts as none, while the limit holds.
  @inline(__always)
  init(byteCount: UInt, alignment: UInt64, goal: UInt64, limit: UInt64?) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.limit = limit
    self.goal = goal
    if let limit {
      let (end, overflow) = goal.addingReportingOverflow(UInt64(byteCount))
      if overflow || end > limit { self.goal = 0 }
    }
  }

  /// The number of whole pages that must be free: the size, rounded up.
  @inline(__always)
  var pageCount: UInt {
    // The size is not 0, and the quotient leaves room for 1 more.
    (byteCount &- 1) &>> PageFrame.numberShift &+ 1
  }

  /// The alignment in pages, at least 1.
  @inline(__always)
  var pageStep: UInt {
    let step = alignment >> PageFrame.byteCountShift
    // From half of the address space up, every alignment allows only page frame 0.
    let largest: UInt64 = 1 << UInt64(UInt.bitWidth - 1)
    return step == 0 ? 1 : UInt(truncatingIfNeeded: min(step, largest))
  }

  /// The goal, rounded down to a page.
  @inline(__always)
  var goalPage: PageNumber { PageNumber(clamping: goal >> PageFrame.byteCountShift) }

  /// The page that no page of the allocation may reach: the limit, rounded down.
  @inline(__always)
  var limitPage: PageNumber {
    limit.map { PageNumber(clamping: $0 >> PageFrame.byteCountShift) } ?? .max
  }

  /// The same with another goal.
  @inline(__always)
  func withGoal(_ goal: UInt64) -> ResolvedRequest {
    var request = self
    request.goal = goal
    return request
  }
}
