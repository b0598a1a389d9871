// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The ranges of a ``NodeMap`` in ascending order: usable page ranges, cut at node boundaries.
///
/// A walk goes once through the usable ranges and the affinities, from front to back, and stores
/// only its position in them.
@safe
public struct NodeRanges: IteratorProtocol {
  private var usable: UsablePageRanges

  /// Where the ranges are cut off; which node a page belongs to does not depend on it.
  private let limit: PageFrame

  /// What the firmware says, sorted and disjoint.
  private let affinities: UnsafeBufferPointer<MemoryAffinity>

  /// What is left of the usable range that the walk has reached.
  private var rest: PageRange?

  /// The index of the first affinity that does not end at or below the rest.
  private var index = 0

  /// The piece held back until it is clear that the next one cannot be merged with it.
  private var waiting: NodePages?

  @inline(never)
  init(
    _ usable: UsablePageRanges, _ affinities: UnsafeBufferPointer<MemoryAffinity>,
    below limit: PageFrame
  ) {
    self.usable = usable
    self.limit = limit
    unsafe self.affinities = affinities
    rest = self.usable.next()
    waiting = nextPiece()
  }

  /// The next range; nil after the last.
  ///
  /// - Complexity: O(n) for the whole walk, in usable ranges and affinities.
  @inline(never)
  public mutating func next() -> NodePages? {
    guard var range = waiting, range.pages.start < limit else { return nil }
    waiting = nextPiece()
    while let piece = waiting, piece.node == range.node, piece.pages.start == range.pages.end {
      range = NodePages(node: range.node, pages: PageRange(range.pages.start..<piece.pages.end))
      waiting = nextPiece()
    }
    guard limit < range.pages.end else { return range }
    return NodePages(node: range.node, pages: PageRange(range.pages.start..<limit))
  }

  /// The next piece, which lies in one node and is not yet merged with its neighbours.
  private mutating func nextPiece() -> NodePages? {
    guard let pages = rest else { return nil }
    while index < affinityCount, affinityPages(index).end <= pages.start {
      index += 1
    }
    guard index < affinityCount else {
      let last = index > 0 ? affinityNode(index - 1) : NodeID(0)
      return take(upTo: pages.end, of: pages, node: last)
    }
    let ahead = affinityPages(index)
    if ahead.start <= pages.start {
      return take(upTo: Swift.min(ahead.end, pages.end), of: pages, node: affinityNode(index))
    }
    // A hole between affinities: its pages go, as one piece, to the nearer side.
    let end = Swift.min(ahead.start, pages.end)
    var node = affinityNode(index)
    if index > 0 {
      let behind = affinityPages(index - 1)
      // Neither difference is negative: the piece lies between the two.
      let distanceBehind = pages.start.number &- behind.end.number
      let distanceAhead = ahead.start.number &- end.number
      if distanceBehind <= distanceAhead { node = affinityNode(index - 1) }
    }
    return take(upTo: end, of: pages, node: node)
  }

  private mutating func take(upTo end: PageFrame, of pages: PageRange, node: NodeID) -> NodePages {
    // The end lies in the pages or just behind them.
    rest = end < pages.end ? PageRange(end..<pages.end) : usable.next()
    return NodePages(node: node, pages: PageRange(pages.start..<end))
  }

  private var affinityCount: Int { unsafe affinities.count }

  private func affinityNode(_ index: Int) -> NodeID { unsafe affinities[index].node }

  /// The pages whose first byte lies in the range.
  private func affinityPages(_ index: Int) -> PageRange {
    let range = unsafe affinities[index].range
    return PageRange(range.roundedUpStart..<Swift.max(range.roundedUpStart, range.roundedUpEnd))
  }
}

/// The stretches of a ``NodeMap``; see ``NodeMap/stretches(below:)``.
public struct NodeStretches: IteratorProtocol {
  private var ranges: NodeRanges

  /// The first range of the next stretch.
  private var ahead: NodePages?

  init(_ ranges: NodeRanges) {
    self.ranges = ranges
    ahead = self.ranges.next()
  }

  /// The next stretch; nil after the last.
  ///
  /// - Complexity: O(n) for the whole walk, in usable ranges and affinities.
  @inline(never)
  public mutating func next() -> NodePages? {
    guard let first = ahead else { return nil }
    var end = first.pages.end
    ahead = ranges.next()
    while let range = ahead, range.node == first.node {
      end = range.pages.end
      ahead = ranges.next()
    }
    return NodePages(node: first.node, pages: PageRange(first.pages.start..<end))
  }
}

// Only where there is a heap, as for `UsablePageRanges`.
#if !hasFeature(Embedded) || BOOTMEM_HEAP
extension NodeRanges: Sequence {}
extension NodeStretches: Sequence {}
#endif
