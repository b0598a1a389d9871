import BootMemory
import PhysicalMemory

/// The calls of boot memory that setting nodes up makes: ``BootMemory`` itself, or something in front
/// of it that takes note of the calls.
public protocol NodeSetUp: ~Copyable {
  /// See ``BootMemory/nodeCapacity``.
  var nodeCapacity: Int { get }

  /// See ``BootMemory/node(_:)``.
  func node(_ id: NodeID) -> BootMemoryNode?

  /// See ``BootMemory/registerNode(_:spanning:bitmapAt:)``.
  mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmapAt bitmapStart: PageFrame
  ) throws(BootMemoryError) -> UInt64

  /// See ``BootMemory/free(_:on:)``.
  mutating func free(_ range: AddressRange, on node: NodeID?) throws(BootMemoryError)

  /// See ``BootMemory/reserve(_:on:exclusively:)``.
  mutating func reserve(
    _ range: AddressRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError)
}

extension BootMemory: NodeSetUp {}
