import PhysicalMemory

/// Cuts usable page ranges, told in ascending order, at the borders of nodes.
///
/// It walks over both lists once from front to back.
struct NodeSweep {
  private var usable: UsablePageRanges

  /// What is left of the usable range that the sweep has come to.
  private var rest: PageRange?

  /// The first affinity that does not end at or below the rest.
  private var index = 0

  init(_ usable: UsablePageRanges) {
    self.usable = usable
    rest = self.usable.next()
  }

  /// The next piece, in one node as a whole; nil at the end.
  ///
  /// - Parameter affinities: sorted and disjoint, the same at each call.
  mutating func next(_ affinities: borrowing MemoryAffinityList) -> NodePages? {
    guard let pages = rest else { return nil }
    while index < affinities.count, Self.pages(of: affinities[index]).end <= pages.start {
      index += 1
    }
    guard index < affinities.count else {
      let last = index > 0 ? affinities[index - 1].node : NodeID(0)
      return take(upTo: pages.end, of: pages, node: last)
    }
    let ahead = Self.pages(of: affinities[index])
    if ahead.start <= pages.start {
      return take(upTo: min(ahead.end, pages.end), of: pages, node: affinities[index].node)
    }
    // A hole in what firmware says: its pages go as one piece to the nearer side.
    let end = min(ahead.start, pages.end)
    var node = affinities[index].node
    if index > 0 {
      let behind = Self.pages(of: affinities[index - 1])
      // Neither difference is negative: the piece lies between the two.
      let distanceBehind = pages.start.number &- behind.end.number
      let distanceAhead = ahead.start.number &- end.number
      if distanceBehind <= distanceAhead { node = affinities[index - 1].node }
    }
    return take(upTo: end, of: pages, node: node)
  }

  private mutating func take(upTo end: PageFrame, of pages: PageRange, node: NodeID) -> NodePages? {
    guard let piece = PageRange(start: pages.start, end: end),
      let rest = PageRange(start: end, end: pages.end)
    else { return nil }
    self.rest = rest.isEmpty ? usable.next() : rest
    return NodePages(node: node, pages: piece)
  }

  /// The pages whose first byte lies in the range.
  private static func pages(of affinity: MemoryAffinity) -> PageRange {
    let start = affinity.range.roundedUpStart
    return PageRange(start: start, end: max(start, affinity.range.roundedUpEnd))
      ?? affinity.range.touchedPages
  }
}
