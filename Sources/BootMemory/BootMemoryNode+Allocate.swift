// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Allocating in one node.
extension BootMemoryNode {
  /// Allocates at most a page at the first free page from where the search continues, if that page
  /// is in the word of the last change: the path of nearly every allocation.
  ///
  /// - Parameters:
  ///   - byteCount: The size, from 1 up to a page.
  ///   - alignment: The alignment in bytes, at most a page.
  ///   - limit: The address that the memory must lie below; 0 for no limit.
  ///   - place: Also receives the address, before the page is reserved, so that no caller has to
  ///     keep it over the calls that reserving may take.
  /// - Returns: The address; nil if this did not apply, and nothing has changed.
  @_transparent
  mutating func allocateAtCursor(
    _ byteCount: UInt, alignment: UInt, limit: UInt,
    storingAt place: UnsafeMutablePointer<UInt>? = nil
  ) -> UInt? {
    guard let page = bitmap.cursor.firstFree(from: nextPage) else { return nil }
    // This excludes the last page below the limit, too, so that a limit of 0 can become the
    // largest.
    guard page < (limit &- 1) &>> PageFrame.numberShift else { return nil }
    let (address, isShared) = self.place(byteCount, alignment: alignment, at: page)
    if let place = unsafe place { unsafe place.pointee = address }
    if !isShared { bitmap.reserveAtCursor(page) }
    return address
  }

  /// Allocates in this node (Linux: `alloc_bootmem_bdata`); nil if nothing fits.
  mutating func allocate(_ request: ResolvedRequest) -> UInt? {
    guard let run = firstRun(for: request) else { return nil }
    let alignment = UInt(truncatingIfNeeded: min(request.alignment, PageFrame.byteCount))
    let (address, isShared) = place(request.byteCount, alignment: alignment, at: run)
    if isShared { return address }
    // The run is not empty, so its end is above its start.
    if run == nextPage &- 1 {
      if !bitmap.cursor.holds(run) { bitmap.seek(run) }
      bitmap.reserveAtCursor(run)
    } else {
      bitmap.set(from: bit(of: run), to: bit(of: nextPage), free: false)
    }
    return address
  }

  /// The next run of free pages: behind the last allocation, or else anywhere at or above the goal.
  @inline(__always)
  private mutating func firstRun(for request: ResolvedRequest) -> PageNumber? {
    let end = min(pages.upperBound, request.limitPage)
    guard pages.lowerBound < end else { return nil }
    // A goal outside the node is ignored.
    let goalPage = request.goalPage
    let begin = goalPage > pages.lowerBound && goalPage < end ? goalPage : pages.lowerBound
    let step = request.pageStep
    let beginBit = bitmap.aligned(bit(of: begin), to: step)
    let goOnBit = bitmap.aligned(bit(of: nextPage), to: step)
    var start = max(beginBit, goOnBit)
    var endBit = bit(of: end)
    while true {
      // Nearly every search is for a single page.
      let found =
        request.pageCount == 1 && step == 1
        ? bitmap.firstFree(from: start, below: endBit)
        : bitmap.firstRun(
          ofLength: request.pageCount, alignedTo: step, from: start, below: endBit)
      if let found { return page(ofBit: found) }
      guard beginBit < start else { return nil }
      // No run begins at or above `start`, so one found now begins below it, and ends accordingly.
      let (lastEnd, overflow) = start.addingReportingOverflow(request.pageCount)
      if !overflow && lastEnd < endBit { endBit = lastEnd }
      start = beginBit
    }
  }

  /// Places an allocation at a run of free pages that is long enough for it, and sets ``nextPage``,
  /// where the search continues, to the page behind it.
  ///
  /// If the last allocation ended inside the page before the run, this one shares that page.
  ///
  /// - Parameters:
  ///   - byteCount: The size.
  ///   - alignment: The alignment in bytes, at most a page.
  ///   - run: The first page of the run.
  /// - Returns: The address, and whether the allocation fits in the rest of the shared page; if
  ///   not, the pages from `run` up to ``nextPage`` are to be reserved.
  @inline(__always)
  private mutating func place(
    _ byteCount: UInt, alignment: UInt, at run: PageNumber
  ) -> (address: UInt, isShared: Bool) {
    let start: UInt
    // Neither sum wraps: the last end is any page boundary, or lies inside a page that another one
    // follows.  If it is the boundary at which the run starts, rounding changes nothing.
    if _fastPath((lastEndAddress &+ PageFrame.offsetMask) &>> PageFrame.numberShift == run) {
      // The run starts at a multiple of `alignment`, so rounding up ends at the run at the latest.
      // A requested alignment above a page counts as a page here, and so nothing is shared.
      start = (lastEndAddress &- 1 &+ alignment) & (0 &- alignment)
    } else {
      start = run &<< PageFrame.numberShift
    }
    // The pages of the run hold `byteCount` bytes from its start, and the allocation starts no
    // later.
    lastEndAddress = start &+ byteCount
    nextPage = (lastEndAddress &- 1) &>> PageFrame.numberShift &+ 1
    return (start, nextPage <= run)
  }
}
