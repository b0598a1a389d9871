import PhysicalMemory

/// Rounds sorted and disjoint regions to pages: usable ones inwards, all others outwards.
///
/// A usable region without a whole page vanishes.  Regions that are not usable may share a page
/// afterwards, so a ``RegionSweep`` has to follow; the order of the starts is kept, since a usable
/// region is only given on where it ends, rounded down, at or below the start of the next one.
struct PageRounding<Source: IteratorProtocol>: IteratorProtocol
where Source.Element == MemoryRegion {
  private var source: Source

  /// The bytes of usable regions so far that lie in pages which are not usable as a whole.
  private(set) var partialPageByteCount: UInt64 = 0

  /// Makes the rounding of `source`.
  init(_ source: Source) {
    self.source = source
  }

  mutating func next() -> MemoryRegion? {
    while let region = source.next() {
      guard region.kind == .usable else {
        // All 2^52 pages have no size in bytes; a region that touches them all stays as it is.
        let range = AddressRange(region.range.touchedPages) ?? region.range
        return MemoryRegion(range: range, kind: region.kind)
      }
      let range = region.range.wholePages.flatMap { AddressRange($0) }
      // The whole pages of a range hold no more bytes than the range, and all usable regions
      // together, being disjoint, no more than the address space.
      partialPageByteCount &+= region.range.byteCount &- (range?.byteCount ?? 0)
      if let range { return MemoryRegion(range: range, kind: .usable) }
    }
    return nil
  }
}
