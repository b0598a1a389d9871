import PhysicalMemory

/// Allocating in one node.
extension BootMemoryNode {
  /// Allocates in this node (Linux: `alloc_bootmem_bdata`); nil if nothing fits.
  @inline(__always)
  mutating func allocate(_ request: AllocationSearch) -> PhysicalAddress? {
    let end = min(span.end.number, request.limitPage)
    guard span.start.number < end else { return nil }
    // A goal outside of the node counts as none.
    let goalPage = request.goalPage
    let begin = goalPage > span.start.number && goalPage < end ? goalPage : span.start.number
    guard let run = firstRun(request, from: PageFrame(begin), below: PageFrame(end)) else {
      return nil
    }
    return take(run, request)
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
    let hintBit = bit(of: hint)
    if hintBit <= beginBit {
      return bitmap.firstRun(ofLength: length, alignedTo: step, from: beginBit, below: endBit)
        .map { page(ofBit: $0) }
    }
    let goOnBit = bitmap.aligned(hintBit, to: step)
    let found = bitmap.firstRun(ofLength: length, alignedTo: step, from: goOnBit, below: endBit)
    if let found { return page(ofBit: found) }
    // No run begins from `goOnBit` on, so that one found now begins below and ends accordingly.
    let (lastEnd, overflow) = goOnBit.addingReportingOverflow(length)
    let fallbackEnd = overflow ? endBit : min(endBit, lastEnd)
    return bitmap.firstRun(ofLength: length, alignedTo: step, from: beginBit, below: fallbackEnd)
      .map { page(ofBit: $0) }
  }

  /// The alignment in pages, at least 1.
  @inline(__always)
  private func step(ofAlignment alignment: UInt64) -> UInt {
    let step = alignment >> PageFrame.byteCountShift
    // From half of the address space up, every alignment allows only page frame 0.
    let largest: UInt64 = 1 << UInt64(UInt.bitWidth - 1)
    return step == 0 ? 1 : UInt(truncatingIfNeeded: min(step, largest))
  }

  /// Allocates in a run of free pages that is long enough.
  ///
  /// Where the last allocation ended inside the page before the run, this one shares that page.
  @inline(__always)
  private mutating func take(_ run: PageFrame, _ request: AllocationSearch) -> PhysicalAddress {
    let runStart = run.number << PageFrame.byteCountShift
    var start = runStart
    if !lastEnd.isPageAligned && lastEnd.pageFrame.number &+ 1 == run.number {
      // The run starts at a multiple of the alignment or, for one below a page, of a page; so that
      // rounding up ends at the run at the latest, and does not wrap.
      start = (lastEnd.rawValue &+ (request.alignment &- 1)) & ~(request.alignment &- 1)
    }
    // The pages of the run hold `byteCount` bytes from its start, and this starts no later.
    let last = start &+ (request.byteCount &- 1)
    let endPage = PageFrame((last >> PageFrame.byteCountShift) &+ 1)
    if run < endPage {
      bitmap.set(from: bit(of: run), to: bit(of: endPage), free: false)
    }
    hint = endPage
    // At the very top of a 64-bit address space this wraps to 0, a page border as well.
    lastEnd = PhysicalAddress(last &+ 1)
    return PhysicalAddress(start)
  }
}
