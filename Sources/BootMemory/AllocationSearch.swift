import PhysicalMemory

/// An allocation as the search in a node needs it: everything in figures, checked before.
struct AllocationSearch {
  /// The size; not 0.
  let byteCount: UInt64

  /// The alignment, a power of two.
  let alignment: UInt64

  /// The number of whole pages that must be free, ``byteCount`` rounded up.
  let pageCount: UInt64

  /// Where to look first; 0 for anywhere.
  var goal: UInt64

  /// The page that no page of the allocation may reach.
  let limitPage: UInt64

  /// Takes the parameters as Linux does; a limit of 0 is none.
  ///
  /// A goal from which the size reaches beyond the limit counts as none, while the limit holds.
  @inline(__always)
  init(byteCount: UInt64, alignment: UInt64, goal: UInt64, limit: UInt64) {
    self.byteCount = byteCount
    self.alignment = alignment
    pageCount = PageFrame.pageCount(holdingByteCount: byteCount)
    if limit == 0 {
      self.goal = goal
      limitPage = .max
    } else {
      let (end, overflow) = goal.addingReportingOverflow(byteCount)
      self.goal = overflow || end > limit ? 0 : goal
      limitPage = limit >> PageFrame.byteCountShift
    }
  }

  /// The goal, rounded down to a page.
  @inline(__always)
  var goalPage: UInt64 { goal >> PageFrame.byteCountShift }

  /// The same without a goal.
  @inline(__always)
  var withoutGoal: AllocationSearch {
    var search = self
    search.goal = 0
    return search
  }
}
