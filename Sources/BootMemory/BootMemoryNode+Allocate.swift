import PhysicalMemory

/// Allocating in one node.
extension BootMemoryNode {
  /// Allocates in this node (Linux: `alloc_bootmem_bdata`); nil if nothing fits.
  @_optimize(speed)
  mutating func allocate(_ request: AllocationSearch) -> PhysicalAddress? {
    let end = min(span.end.number, request.limitPage)
    guard span.start.number < end else { return nil }
    // A goal outside of the node counts as none.
    let goalPage = request.goalPage
    let begin = goalPage > span.start.number && goalPage < end ? goalPage : span.start.number
    guard let run = firstRun(request, from: PageFrame(begin), below: PageFrame(end)) else {
      return nil
    }
    let (address, endPage) = take(run, request.byteCount, request.alignment)
    if run < endPage {
      bitmap.set(from: bit(of: run), to: bit(of: endPage), free: false)
    }
    return address
  }

  /// Allocates at most a page, aligned to at most a page, without a limit, at the first free page
  /// from where the search goes on, if the bitmap's valid word has it: what nearly every allocation
  /// comes to.
  ///
  /// The goal must lie below the node's end.
  ///
  /// - Returns: nil if the word has no such page; nothing has changed then.
  @inline(__always)
  mutating func allocateNextPage(
    byteCount: UInt64, alignment: UInt64, goalPage: UInt64
  ) -> PhysicalAddress? {
    let next = nextBit(goalPage: goalPage)
    guard next &>> BitmapWord.bitShift == bitmap.validWord else { return nil }
    let rest = bitmap.validWordContent.rest(from: next)
    guard rest != 0 else { return nil }
    let bit = next &+ rest.firstOne
    let run = page(ofBit: bit)
    let (address, endPage) = take(run, byteCount, alignment)
    if run < endPage { bitmap.reserveInValidWord(bit & PageBitmap.bitMask) }
    return address
  }

  /// Makes the word valid in which ``allocateNextPage(byteCount:alignment:goalPage:)`` finds its page.
  ///
  /// - Returns: Whether there is one.
  mutating func prepareNextPage(goalPage: UInt64) -> Bool {
    bitmap.validateFirstFree(from: nextBit(goalPage: goalPage))
  }

  /// The bit at which the search goes on.
  @inline(__always)
  private func nextBit(goalPage: UInt64) -> UInt {
    // The hint is not below the node, so a goal that is counts as none.
    bit(of: PageFrame(max(goalPage, hint.number)))
  }

  /// The run of free pages that comes next: behind the last allocation, or else anywhere from
  /// `begin` on.
  @inline(__always)
  private mutating func firstRun(
    _ request: AllocationSearch, from begin: PageFrame, below end: PageFrame
  ) -> PageFrame? {
    let length = UInt(truncatingIfNeeded: request.pageCount)
    // A request that no machine can fulfil must not wrap around on one of 32 bits.
    guard UInt64(length) == request.pageCount else { return nil }
    let step = step(ofAlignment: request.alignment)
    let endBit = bit(of: end)
    let beginBit = bitmap.aligned(bit(of: begin), to: step)
    let goOnBit = bitmap.aligned(bit(of: hint), to: step)
    var start = max(beginBit, goOnBit)
    var end = endBit
    while true {
      let found = bitmap.firstRun(ofLength: length, alignedTo: step, from: start, below: end)
      if let found { return page(ofBit: found) }
      guard beginBit < start else { return nil }
      // No run begins from `start` on, so that one found now begins below and ends accordingly.
      let (lastEnd, overflow) = start.addingReportingOverflow(length)
      end = overflow ? endBit : min(endBit, lastEnd)
      start = beginBit
    }
  }

  /// The alignment in pages, at least 1.
  @inline(__always)
  private func step(ofAlignment alignment: UInt64) -> UInt {
    let step = alignment >> PageFrame.byteCountShift
    // From half of the address space up, every alignment allows only page frame 0.
    let largest: UInt64 = 1 << UInt64(UInt.bitWidth - 1)
    return step == 0 ? 1 : UInt(truncatingIfNeeded: min(step, largest))
  }

  /// Places an allocation at a run of free pages that is long enough for it.
  ///
  /// Where the last allocation ended inside the page before the run, this one shares that page.
  ///
  /// - Returns: The address, and the page behind the last; from `run` up to there the pages are to
  ///   be reserved, if there are any.
  @inline(__always)
  private mutating func take(
    _ run: PageFrame, _ byteCount: UInt64, _ alignment: UInt64
  ) -> (PhysicalAddress, endPage: PageFrame) {
    let runStart = run.number << PageFrame.byteCountShift
    var start = runStart
    let pageMask = PageFrame.byteCount &- 1
    // Neither sum wraps: `lastEnd` is a page border, of any page, or lies inside a page in front of
    // another.  Where it is the very border that the run starts at, rounding it up changes nothing.
    if (lastEnd.rawValue &+ pageMask) & ~pageMask == runStart {
      // The run starts at a multiple of the alignment or, for one below a page, of a page; so that
      // rounding up ends at the run at the latest.
      start = (lastEnd.rawValue &+ (alignment &- 1)) & ~(alignment &- 1)
    }
    // The pages of the run hold `byteCount` bytes from its start, and this starts no later.
    let last = start &+ (byteCount &- 1)
    let endPage = PageFrame((last >> PageFrame.byteCountShift) &+ 1)
    hint = endPage
    // At the very top of a 64-bit address space this wraps to 0, a page border as well.
    lastEnd = PhysicalAddress(last &+ 1)
    return (PhysicalAddress(start), endPage)
  }
}
