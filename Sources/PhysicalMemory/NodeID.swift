// SPDX-License-Identifier: MIT

/// The number of a memory node, from 0 up to the number of nodes that there is storage for.
public struct NodeID: Hashable, Comparable, Sendable {
  /// The number.
  public let rawValue: Int

  /// Makes the node with this number; whether there is storage for it shows when it is used.
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
