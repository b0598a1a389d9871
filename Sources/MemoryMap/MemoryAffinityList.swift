// SPDX-License-Identifier: MIT
import PhysicalMemory

/// What the firmware says about nodes: how many there are, which memory is near which node, and
/// which memory can be removed while the machine runs.
///
/// An empty list stands for a machine with one node.  The list lies in storage that its owner
/// provides; entries that do not fit are counted, and no ``NodeMap`` is made from an incomplete
/// list.
public struct MemoryAffinityList: ~Copyable {
  private var list: BoundedList<MemoryAffinity>

  /// The memory that is hot-pluggable, whether or not it is assigned to a node.
  private var hotPluggable: BoundedList<AddressRange>

  /// The number of nodes, including those without memory; at least 1.
  public private(set) var nodeCount = 1

  /// Makes an empty list in storage that must stay valid, and untouched by others, as long as the
  /// list is used.  It need not be initialised.
  ///
  /// - Parameters:
  ///   - storage: Room for the ranges of nodes.
  ///   - hotPluggable: Room for the ranges that are hot-pluggable.
  public init(
    storage: UnsafeMutableBufferPointer<MemoryAffinity>,
    hotPluggable: UnsafeMutableBufferPointer<AddressRange>
  ) {
    list = unsafe BoundedList(storage: storage)
    self.hotPluggable = unsafe BoundedList(storage: hotPluggable)
  }

  /// The number of entries in the list.
  public var count: Int { list.count }

  /// The entry at `index`, counted from 0 in the order in which they were appended.
  public subscript(index: Int) -> MemoryAffinity { list[index] }

  /// Appends an entry; an empty range is left out, but its node is counted.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ affinity: MemoryAffinity) {
    includeNode(affinity.node)
    guard !affinity.range.isEmpty else { return }
    list.append(affinity)
  }

  /// Records that memory can be added and removed in `range`; an empty range is left out.
  ///
  /// - Complexity: O(1).
  public mutating func appendHotPluggable(_ range: AddressRange) {
    if !range.isEmpty { hotPluggable.append(range) }
  }

  /// Records that there is a node with this number, with or without memory.
  public mutating func includeNode(_ node: NodeID) {
    nodeCount = max(nodeCount, node.rawValue + 1)
  }

  /// Empties the list.
  public mutating func removeAll() {
    removeNodes()
    hotPluggable.removeAll()
  }

  /// Removes everything that concerns nodes, and keeps the hot-pluggable ranges.
  mutating func removeNodes() {
    list.removeAll()
    nodeCount = 1
  }

  /// Throws if there was no room for all entries; the error says how much room is needed.
  ///
  /// - Throws: ``MemoryMapError/affinityListFull(capacity:needed:)`` or
  ///   ``MemoryMapError/hotPluggableListFull(capacity:needed:)``
  public borrowing func checkCapacity() throws(MemoryMapError) {
    guard list.isComplete else {
      throw .affinityListFull(capacity: list.capacity, needed: list.neededCapacity)
    }
    guard hotPluggable.isComplete else {
      throw .hotPluggableListFull(
        capacity: hotPluggable.capacity, needed: hotPluggable.neededCapacity)
    }
  }

  /// The entries in their present order, for making a view of them.
  var elements: UnsafeMutableBufferPointer<MemoryAffinity> { unsafe list.elements }

  /// Sorts the hot-pluggable ranges, merges those that touch, and returns a view of them.
  ///
  /// - Complexity: O(n log n), in place.
  mutating func hotPluggableMemory() -> HotPluggableMemory {
    hotPluggable.sort { $0.start < $1.start }
    var kept = 0
    for index in 0..<hotPluggable.count {
      let range = hotPluggable[index]
      if kept > 0, let joined = hotPluggable[kept - 1].joined(with: range) {
        hotPluggable[kept - 1] = joined
      } else {
        hotPluggable[kept] = range
        kept += 1
      }
    }
    hotPluggable.keepFirst(kept)
    return unsafe HotPluggableMemory(UnsafeBufferPointer(hotPluggable.elements))
  }

  /// Sorts the entries in ascending order and trims those that overlap.
  ///
  /// Shared addresses go to the entry that starts first, or to the larger of two that start
  /// together.
  ///
  /// - Complexity: O(n log n), in place, and O(n log r) in r regions of `map`.
  /// - Returns: The number of entries that lost addresses to an entry of another node, where both
  ///   have memory that `map` calls usable.
  mutating func sortAndSeparate(in map: MemoryMap) -> Int {
    unsafe list.elements.heapSort { left, right in
      (left.range.start, right.range.byteCount, left.node)
        < (right.range.start, left.range.byteCount, right.node)
    }
    var kept = 0
    var conflictCount = 0
    var end: PhysicalAddress? = PhysicalAddress(0)
    for index in 0..<count {
      let entry = list[index]
      if kept > 0 {
        let previous = list[kept - 1]
        let overlaps = end.map { entry.range.start < $0 } ?? true
        if overlaps && previous.node != entry.node && map.hasUsablePage(in: previous.range)
          && map.hasUsablePage(in: entry.range)
        {
          conflictCount += 1
        }
      }
      // Nothing is left behind an entry that ends at the top of the address space.
      guard let free = end else { continue }
      let start = max(entry.range.start, free)
      guard let last = entry.range.last, last >= start,
        let range = AddressRange(first: start, last: last)
      else { continue }
      list[kept] = MemoryAffinity(range: range, node: entry.node)
      end = range.end
      kept += 1
    }
    list.keepFirst(kept)
    return conflictCount
  }
}

extension AddressRange {
  /// The union of both ranges, where `other` must not start below this one; nil if there are
  /// addresses between them.
  fileprivate func joined(with other: AddressRange) -> AddressRange? {
    if let end, end < other.start { return nil }
    guard let last, let otherLast = other.last else { return nil }
    // The whole address space has one byte more than a range can have.
    return AddressRange(first: start, last: max(last, otherLast))
      ?? AddressRange(start: start, clampingByteCount: .max)
  }
}
