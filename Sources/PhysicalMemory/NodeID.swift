// SPDX-License-Identifier: MIT

/// The number of a memory node, counted from 0 and below the number of nodes that have storage.
public struct NodeID: Hashable, Comparable, Sendable {
  /// The number.
  public let rawValue: Int

  /// Makes a node number; whether there is storage for the node is checked when it is used.
  @inlinable
  public init(_ rawValue: Int) {
    self.rawValue = rawValue
  }

  /// Whether `left` has the lower number.
  @inlinable
  public static func < (left: NodeID, right: NodeID) -> Bool {
    left.rawValue < right.rawValue
  }
}
