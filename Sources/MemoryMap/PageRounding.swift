// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Rounds sorted and disjoint stretches of bytes to pages: usable ones inwards, all others outwards.
///
/// A usable stretch without a whole page vanishes.  Stretches that are not usable may share a page
/// afterwards, so a ``RegionSweep`` has to follow.  The starts stay in ascending order, since a
/// usable stretch is passed on only if its end, rounded down, lies above its start; that end is at
/// or below the start of the next stretch.
struct PageRounding<Source: IteratorProtocol>: IteratorProtocol
where Source.Element == KindStretch {
  private var source: Source

  /// The number of usable bytes so far whose page is not usable as a whole.
  private(set) var partialPageByteCount: UInt64 = 0

  /// Rounds the stretches of `source`.
  init(_ source: Source) {
    self.source = source
  }

  /// The next stretch, in page frame numbers.
  @inline(never)
  mutating func next() -> KindStretch? {
    while let bytes = source.next() {
      let touched = PageRange(
        PhysicalAddress(bytes.first).pageFrame...PhysicalAddress(bytes.last).pageFrame)
      guard bytes.kind == .usable else { return stretch(touched, bytes.kind) }
      // The bytes before the stretch in its first page and after it in its last; not negative.
      let front = bytes.first & (PageFrame.byteCount - 1)
      let back = PageFrame.byteCount - 1 - bytes.last & (PageFrame.byteCount - 1)
      let start = front == 0 ? touched.start.number : touched.start.number + 1
      let end = back == 0 ? touched.end.number : touched.end.number - 1
      // Disjoint stretches together have no more bytes than the address space.
      if start < end {
        partialPageByteCount &+= front == 0 ? 0 : PageFrame.byteCount - front
        partialPageByteCount &+= back == 0 ? 0 : PageFrame.byteCount - back
        return stretch(PageRange(PageFrame(start)..<PageFrame(end)), .usable)
      }
      partialPageByteCount &+= bytes.last - bytes.first + 1
    }
    return nil
  }

  private func stretch(_ pages: PageRange, _ kind: MemoryKind) -> KindStretch {
    // No stretch is empty.
    KindStretch(first: pages.start.number, last: pages.end.number - 1, kind: kind)
  }
}
