import PhysicalMemory

/// Firmware's word that a range of memory is near the processors of a node.
public struct MemoryAffinity: Hashable, Sendable {
  /// The addresses; whether there is memory at all of them is for the memory map to say.
  public let range: AddressRange

  /// The node.
  public let node: NodeID

  /// Makes an entry.
  @inlinable
  public init(range: AddressRange, node: NodeID) {
    self.range = range
    self.node = node
  }
}
