import PhysicalMemory

/// Stretches of memory in which only one node has memory; see ``NodeMap/stretches``.
public struct NodeStretches: Sequence, IteratorProtocol {
  private let map: NodeMap
  private var index = 0

  init(_ map: NodeMap) {
    self.map = map
  }

  /// The next stretch; nil behind the last.
  ///
  /// - Complexity: O(n) for the whole walk.
  public mutating func next() -> NodePages? {
    guard index < map.count else { return nil }
    let first = map[index]
    var end = first.pages.end
    index += 1
    while index < map.count, map[index].node == first.node {
      end = map[index].pages.end
      index += 1
    }
    return PageRange(start: first.pages.start, end: end)
      .map { NodePages(node: first.node, pages: $0) }
  }
}
