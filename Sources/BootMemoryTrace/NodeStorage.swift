import BootMemory

/// Storage for nodes on the host's heap.
@safe public final class NodeStorage {
  /// The storage.
  public let nodes: UnsafeMutableBufferPointer<BootMemoryNode>

  /// Makes room for `count` nodes.
  public init(count: Int) {
    unsafe nodes = .allocate(capacity: count)
  }

  deinit {
    unsafe nodes.deallocate()
  }
}
