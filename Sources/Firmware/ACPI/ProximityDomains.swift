import MemoryMap
import PhysicalMemory

/// The proximity domains of ACPI, which are any numbers of 32 bits, by the nodes that they become:
/// numbered from 0 in the order in which they first appear.
@safe
struct ProximityDomains: ~Copyable {
  private let storage: UnsafeMutableBufferPointer<UInt32>
  private(set) var count = 0

  init(storage: UnsafeMutableBufferPointer<UInt32>) {
    unsafe self.storage = storage
  }

  var capacity: Int { unsafe storage.count }

  /// The node of `domain`, a new one if it did not appear before; nil if there is no room for it.
  ///
  /// - Complexity: O(n) in the number of nodes.
  mutating func node(of domain: UInt32) -> NodeID? {
    for index in 0..<count where unsafe storage[index] == domain { return NodeID(index) }
    guard count < capacity else { return nil }
    unsafe storage.initializeElement(at: count, to: domain)
    count += 1
    return NodeID(count - 1)
  }

  /// The domain of `node`; nil if there is no such node.
  borrowing func domain(of node: NodeID) -> UInt32? {
    node.rawValue >= 0 && node.rawValue < count ? unsafe storage[node.rawValue] : nil
  }

  /// Numbers the nodes in ascending order of their domains instead.
  mutating func sort() {
    unsafe UnsafeMutableBufferPointer(rebasing: storage[0..<count]).heapSort(by: <)
  }

  mutating func removeAll() {
    count = 0
  }
}
