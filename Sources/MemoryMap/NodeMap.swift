// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The usable pages of a machine, by node.
///
/// Its ranges are in ascending order; none is empty, and ranges that touch belong to different
/// nodes.
///
/// Every usable page belongs to exactly one node.  Pages that the firmware assigns to no node go to
/// the one that is nearest by address; on a machine whose firmware does not mention nodes, all
/// pages belong to node 0.  A page belongs to the node of its first byte.
///
/// A map is a view of a memory map and of what the firmware says, both in storage of the code that
/// made them: it needs no storage of its own, and does not change.
@safe
public struct NodeMap {
  /// The memory map that has these usable pages.
  public let memory: MemoryMap

  /// What the firmware says, sorted and disjoint.
  private let affinities: UnsafeBufferPointer<MemoryAffinity>

  /// The number of nodes, including those without memory; at least 1.
  public let nodeCount: Int

  /// The number of firmware entries that overlapped one of another node, both with memory.
  ///
  /// If there are any, the firmware contradicts itself, and the machine is treated as having a
  /// single node, as in Linux; the caller should report that.
  public let conflictCount: Int

  /// The memory that can be removed while the machine runs, whichever node it belongs to.
  public let hotPluggable: HotPluggableMemory

  /// Makes the map of the usable pages of `map`, assigned to nodes by `affinities`, and sorts
  /// `affinities`.
  ///
  /// The storage of both must stay valid and untouched as long as the map is used.
  ///
  /// - Throws: ``MemoryMapError/affinityListFull(capacity:needed:)`` or
  ///   ``MemoryMapError/hotPluggableListFull(capacity:needed:)`` if `affinities` is not complete; it
  ///   is unchanged then.
  /// - Complexity: O(n log n) in the number of affinities.
  public init(
    assigning map: MemoryMap, to affinities: inout MemoryAffinityList
  ) throws(MemoryMapError) {
    try affinities.checkCapacity()
    memory = map
    conflictCount = affinities.sortAndSeparate(in: map)
    if conflictCount > 0 { affinities.removeNodes() }
    nodeCount = affinities.nodeCount
    hotPluggable = affinities.hotPluggableMemory()
    unsafe self.affinities = UnsafeBufferPointer(affinities.elements)
  }

  /// Makes the map in which all usable pages of `map` belong to node 0.
  ///
  /// - Parameters:
  ///   - map: The memory.
  ///   - hotPluggable: The part of it that can be removed.
  public init(oneNodeOf map: MemoryMap, hotPluggable: HotPluggableMemory = .none) {
    memory = map
    conflictCount = 0
    nodeCount = 1
    self.hotPluggable = hotPluggable
    unsafe affinities = UnsafeBufferPointer(start: nil, count: 0)
  }

  /// The ranges in ascending order, clipped to the pages below `limit`.
  public func ranges(below limit: PageFrame = .end) -> NodeRanges {
    unsafe NodeRanges(memory.usablePages(), affinities, below: limit)
  }

  /// The stretches of memory below `limit`, in ascending order, in which no other node has memory.
  ///
  /// A stretch runs from the first page of its first range to the last page of its last one, with
  /// the holes between them.  A node whose memory lies on both sides of another node's has several.
  public func stretches(below limit: PageFrame = .end) -> NodeStretches {
    NodeStretches(ranges(below: limit))
  }

  /// The number of usable pages of a node below `limit`.
  ///
  /// - Complexity: O(n) in usable ranges and affinities.
  public func usablePageCount(of node: NodeID, below limit: PageFrame = .end) -> UInt64 {
    var pageCount: UInt64 = 0
    var ranges = ranges(below: limit)
    // Disjoint ranges hold at most 2^52 pages together.
    while let range = ranges.next() {
      if range.node == node { pageCount &+= range.pages.pageCount }
    }
    return pageCount
  }

  /// Prints one range per line, indented by two spaces.
  public func write(to sink: inout some TextSink) {
    var ranges = ranges()
    while let range = ranges.next() {
      sink.write("  ")
      range.write(to: &sink)
      sink.write("\n")
    }
  }
}
