// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A walk over the direct children of a device tree node.
///
/// Not a `Sequence`, as that brings functions that make arrays.
struct DeviceTreeChildren<Memory: PhysicalMemoryReader> {
  private var cursor: DeviceTreeCursor<Memory>

  /// The depth of the cursor: 0 in the node whose children are visited.
  private var depth = 0

  /// - Parameter contents: The position just after the node's name.
  init(_ contents: DeviceTreeCursor<Memory>) {
    cursor = contents
  }

  /// The next child; nil after the last.
  ///
  /// - Complexity: O(n) in the size of the node's entire contents, for the whole walk.
  @inline(never)
  mutating func next() -> DeviceTreeNode<Memory>? {
    while depth >= 0, let token = cursor.next() {
      switch token {
      case .node(let node):
        depth += 1
        if depth == 1 { return node }
      case .nodeEnd:
        depth -= 1
      case .property:
        break
      case .end, .unknown:
        return nil
      }
    }
    return nil
  }
}
