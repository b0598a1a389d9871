import PhysicalMemory
import TextOutput

/// The usable pages of a machine, told by nodes: ranges in ascending order, none of which is empty,
/// and no two of which touch and belong to one node.
///
/// Every usable page belongs to exactly one node.  Pages that firmware gives to no node go to the
/// one that is nearest by address, and on a machine whose firmware does not speak of nodes all pages
/// belong to node 0.  A page belongs where its first byte does.
///
/// A map is a view of storage that belongs to its maker, and does not change.
@safe
public struct NodeMap {
  private let ranges: UnsafeBufferPointer<NodePages>

  /// The number of nodes, with those that have no memory; 1 at least.
  public let nodeCount: Int

  /// How many of firmware's entries overlapped one of another node.  The one that started first kept
  /// the addresses; the caller should say that firmware contradicts itself.
  public let conflictCount: Int

  /// Makes the map of the usable pages of `map`, as `affinities`, which gets sorted, gives them to
  /// nodes.
  ///
  /// The storage need not be initialised, and must stay valid and untouched as long as the map is
  /// used.
  ///
  /// - Throws: An error that says how large storage must be, for the list or for the map.
  /// - Complexity: O(n log n) in the number of affinities, O(n) in the number of usable ranges.
  public init(
    assigning map: MemoryMap, to affinities: inout MemoryAffinityList,
    storage: UnsafeMutableBufferPointer<NodePages>
  ) throws(MemoryMapError) {
    try affinities.checkCapacity()
    conflictCount = affinities.sortAndSeparate()
    var count = 0
    var waiting: NodePages?
    var sweep = NodeSweep(map.usablePages())
    while let piece = sweep.next(affinities) {
      if let previous = waiting, previous.node == piece.node,
        previous.pages.end == piece.pages.start,
        let pages = PageRange(start: previous.pages.start, end: piece.pages.end)
      {
        waiting = NodePages(node: piece.node, pages: pages)
        continue
      }
      if let previous = waiting {
        if count < storage.count { unsafe storage.initializeElement(at: count, to: previous) }
        count += 1
      }
      waiting = piece
    }
    if let waiting {
      if count < storage.count { unsafe storage.initializeElement(at: count, to: waiting) }
      count += 1
    }
    guard count <= storage.count else {
      throw .nodeMapFull(capacity: storage.count, needed: count)
    }
    unsafe ranges = UnsafeBufferPointer(rebasing: storage[0..<count])
    nodeCount = affinities.nodeCount
  }

  /// The number of ranges.
  public var count: Int { unsafe ranges.count }

  /// The range at `index`, counted from 0 in ascending order.
  public subscript(index: Int) -> NodePages {
    precondition(index >= 0 && index < count)
    return unsafe ranges[index]
  }

  /// The number of usable pages of a node.
  ///
  /// - Complexity: O(n).
  public func usablePageCount(of node: NodeID) -> UInt64 {
    var pageCount: UInt64 = 0
    // Disjoint ranges hold at most 2^52 pages together.
    for index in 0..<count where self[index].node == node {
      pageCount &+= self[index].pages.pageCount
    }
    return pageCount
  }

  /// The stretches of memory, in ascending order, in which no other node has memory: from the first
  /// page of the first range to the last page of the last one, with the holes between them.
  ///
  /// A node whose memory lies on both sides of another node's has several.
  public var stretches: NodeStretches { NodeStretches(self) }

  /// Prints one range a line, each behind two spaces.
  public func write(to sink: inout some TextSink) {
    for index in 0..<count {
      sink.write("  ")
      self[index].write(to: &sink)
      sink.write("\n")
    }
  }
}
