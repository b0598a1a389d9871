// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Rounds sorted and disjoint stretches of bytes to pages: usable ones inwards, all others outwards.
///
/// A usable stretch without a whole page vanishes.  Stretches that are not usable may share a page
/// afterwards, so a ``RegionSweep`` has to follow; the order of the starts is kept, since a usable
/// stretch is only given on where it ends, rounded down, at or below the start of the next one.
struct PageRounding<Source: IteratorProtocol>: IteratorProtocol
where Source.Element == KindStretch {
  private var source: Source

  /// The bytes of usable stretches so far that lie in pages which are not usable as a whole.
  private(set) var partialPageByteCount: UInt64 = 0

  /// Makes the rounding of `source`.
  init(_ source: Source) {
    self.source = source
  }

  /// The next stretch, in page frame numbers.
  mutating func next() -> KindStretch? {
    while let bytes = source.next() {
      let touched = PageRange(
        PhysicalAddress(bytes.first).pageFrame...PhysicalAddress(bytes.last).pageFrame)
      guard bytes.kind == .usable else { return stretch(touched, bytes.kind) }
      // Not negative: what the first and the last page have in front and behind.
      let front = bytes.first & (PageFrame.byteCount - 1)
      let back = PageFrame.byteCount - 1 - bytes.last & (PageFrame.byteCount - 1)
      let start = front == 0 ? touched.start.number : touched.start.number + 1
      let end = back == 0 ? touched.end.number : touched.end.number - 1
      // Disjoint stretches have no more bytes together than the address space.
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
