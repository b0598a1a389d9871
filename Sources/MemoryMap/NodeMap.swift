// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The usable pages of a machine, by node: ranges in ascending order, none of which is empty,
/// and no two of which touch and belong to one node.
///
/// Every usable page belongs to exactly one node.  Pages that firmware gives to no node go to the
/// one that is nearest by address, and on a machine whose firmware does not mention nodes, all
/// pages belong to node 0.  A page belongs where its first byte does.
///
/// A map is a view of a memory map and of what firmware says, both in storage of their makers: it
/// needs none of its own, and does not change.
@safe
public struct NodeMap {
  /// The memory whose usable pages these are.
  public let memory: MemoryMap

  /// What firmware says, sorted and disjoint.
  private let affinities: UnsafeBufferPointer<MemoryAffinity>

  /// The number of nodes, including those without memory; at least 1.
  public let nodeCount: Int

  /// How many of firmware's entries overlapped one of another node, both with memory.  If there are
  /// any, firmware contradicts itself, and the machine is taken for one of a single node, as Linux
  /// does; the caller should say so.
  public let conflictCount: Int

  /// The memory that can be taken out while the machine runs, whichever node it belongs to.
  public let hotPluggable: HotPluggableMemory

  /// Makes the map of the usable pages of `map`, as `affinities`, which gets sorted, gives them to
  /// nodes.
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
  ///   - hotPluggable: What of it can be taken out.
  public init(oneNodeOf map: MemoryMap, hotPluggable: HotPluggableMemory = .none) {
    memory = map
    conflictCount = 0
    nodeCount = 1
    self.hotPluggable = hotPluggable
    unsafe affinities = UnsafeBufferPointer(start: nil, count: 0)
  }

  /// The ranges in ascending order, as far as they lie below `limit`.
  public func ranges(below limit: PageFrame = .end) -> NodeRanges {
    unsafe NodeRanges(memory.usablePages(), affinities, below: limit)
  }

  /// The stretches of memory below `limit`, in ascending order, in which no other node has memory:
  /// from the first page of the first range to the last page of the last one, with the holes
  /// between them.
  ///
  /// A node whose memory lies on both sides of another node's has several.
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

  /// Prints one range a line, each behind two spaces.
  public func write(to sink: inout some TextSink) {
    var ranges = ranges()
    while let range = ranges.next() {
      sink.write("  ")
      range.write(to: &sink)
      sink.write("\n")
    }
  }
}
