// SPDX-License-Identifier: MIT
import PhysicalMemory

/// What firmware says about nodes: how many there are, and which memory is near which of them.
///
/// An empty list stands for a machine of one node.  The list lies in storage of its owner; what does
/// not fit is counted, and no ``NodeMap`` is made of an incomplete list.
public struct MemoryAffinityList: ~Copyable {
  private var list: BoundedList<MemoryAffinity>

  /// The number of nodes, with those that have no memory; 1 at least.
  public private(set) var nodeCount = 1

  /// Makes an empty list in `storage`, which must stay valid, and untouched by others, as long as
  /// the list is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<MemoryAffinity>) {
    list = unsafe BoundedList(storage: storage)
  }

  /// The number of entries in the list.
  public var count: Int { list.count }

  /// The entry at `index`, counted from 0 in the order in which they were appended.
  public subscript(index: Int) -> MemoryAffinity { list[index] }

  /// Appends an entry; an empty range is left out, but its node counts.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ affinity: MemoryAffinity) {
    includeNode(affinity.node)
    guard !affinity.range.isEmpty else { return }
    list.append(affinity)
  }

  /// Takes note that there is a node with this number, with memory or without.
  public mutating func includeNode(_ node: NodeID) {
    nodeCount = max(nodeCount, node.rawValue + 1)
  }

  /// Empties the list.
  public mutating func removeAll() {
    list.removeAll()
    nodeCount = 1
  }

  /// Says with an error that there was no room for all entries, and how much is needed.
  ///
  /// - Throws: ``MemoryMapError/affinityListFull(capacity:needed:)``
  public borrowing func checkCapacity() throws(MemoryMapError) {
    guard list.isComplete else {
      throw .affinityListFull(capacity: list.capacity, needed: list.neededCapacity)
    }
  }

  /// The entries in their present order, for a view of them.
  var elements: UnsafeMutableBufferPointer<MemoryAffinity> { unsafe list.elements }

  /// Puts the entries into ascending order, and cuts those that overlap: the addresses go to the
  /// entry that starts first, of two that start together to the larger one.
  ///
  /// - Complexity: O(n log n), in place, and O(n log r) in r regions of `map`.
  /// - Returns: The number of entries that lost addresses to an entry of another node, both with memory
  ///   that `map` calls usable.
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
      // Behind an entry that ends at the top of the address space nothing is left.
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
