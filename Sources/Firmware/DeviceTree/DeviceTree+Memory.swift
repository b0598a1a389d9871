// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The nodes of memory.
extension DeviceTree {
  /// The cells of the root's children; nil if memory cannot be told in them.
  var memoryCells: DeviceTreeCells? {
    guard let cells = DeviceTreeCells(of: root), cells.address > 0, cells.size > 0 else {
      return nil
    }
    return cells
  }
}

extension DeviceTreeNode {
  /// Whether a child of the root is memory that can be used.
  ///
  /// Its type says so; a node without type that is called `memory` is taken for it too.
  ///
  /// Source: Devicetree Specification 0.4, section 3.4.
  var isMemory: Bool {
    guard let type = property("device_type") else { return isNamed("memory") && isAvailable }
    return type.holds("memory") && isAvailable
  }

  /// The list of addresses and sizes of memory: Linux's "linux,usable-memory" goes before "reg", as a
  /// kernel that starts after a crash must leave the rest alone.  It may be empty.
  ///
  /// - Returns: nil if there is neither.
  var memoryList: BoundedBytes<Memory>? { property("linux,usable-memory") ?? property("reg") }
}
