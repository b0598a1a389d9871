// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A walk over the children of a node of a device tree, without their children.
///
/// No `Sequence`, which brings functions that make arrays.
struct DeviceTreeChildren<Memory: PhysicalMemoryReader> {
  private var cursor: DeviceTreeCursor<Memory>

  /// How deep the cursor is: 0 in the node whose children are walked over.
  private var depth = 0

  /// - Parameter contents: The place behind the name of the node.
  init(_ contents: DeviceTreeCursor<Memory>) {
    cursor = contents
  }

  /// The next child; nil behind the last.
  ///
  /// - Complexity: O(n) for the whole walk, in the size of everything in the node.
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
