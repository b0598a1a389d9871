import PhysicalMemory

/// The memory of a machine at boot: which page frames are free, from the moment when the firmware's
/// map is known until a page allocator takes over.
///
/// This is Linux's bootmem, as of Linux 4.19, with the same results address for address and its 25
/// known defects corrected.  First every node is registered, with all its pages reserved; then the
/// usable ranges are freed, and what lies in them already is reserved; then memory is allocated; in
/// the end ``handOver(maximumOrder:_:)`` gives every free page away.
///
/// Nothing here is global, and nothing allocates: the storage of the nodes is the caller's, and each
/// node's bitmap lies in memory that the caller names.  A call that throws has changed nothing.
///
/// Calls must not overlap in time: a kernel boots on one processor.
@safe public struct BootMemory: ~Copyable {
  /// What was said of the machine.
  public internal(set) var platform: BootMemoryPlatform

  /// The storage of the nodes; the index is the node's number.
  let nodes: UnsafeMutableBufferPointer<BootMemoryNode>

  /// The registered node with the lowest start; -1 for none.
  var firstNode = -1

  /// Whether the memory has been handed over.
  public internal(set) var isHandedOver = false

  /// Makes boot memory without any node.
  ///
  /// - Parameters:
  ///   - platform: The machine.
  ///   - nodes: Storage for as many nodes as there may be, of any content; it must stay in place.
  /// - Complexity: O(storage).
  public init(platform: BootMemoryPlatform, nodes: UnsafeMutableBufferPointer<BootMemoryNode>) {
    precondition(platform.cacheLineByteCount.isPowerOfTwo)
    self.platform = platform
    unsafe self.nodes = unsafe nodes
    unsafe nodes.initialize(repeating: BootMemoryNode())
  }

  /// The number of nodes that there is storage for.
  public var nodeCapacity: Int { unsafe nodes.count }

  /// The storage of a node that is known to exist.
  @inline(__always)
  func pointer(to index: Int) -> UnsafeMutablePointer<BootMemoryNode> {
    // There is a first element, since the index is of an existing one.
    unsafe nodes.baseAddress.unsafelyUnwrapped + index
  }

  /// The index of a node in the storage, or an error where there is no storage for it.
  @inline(__always)
  func index(of node: NodeID) throws(BootMemoryError) -> Int {
    guard node.rawValue >= 0, node.rawValue < (unsafe nodes.count) else {
      throw .misuse(.noSuchNode(node))
    }
    return node.rawValue
  }
}
