// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The memory nodes.
extension DeviceTree {
  /// The cell counts of the root's children; nil if memory cannot be expressed in them.
  var memoryCells: DeviceTreeCells? {
    guard let cells = DeviceTreeCells(of: root), cells.address > 0, cells.size > 0 else {
      return nil
    }
    return cells
  }
}

extension DeviceTreeNode {
  /// Whether a child of the root is usable memory.
  ///
  /// Its "device_type" says so; a node named `memory` without one is accepted as well.
  ///
  /// Source: Devicetree Specification 0.4, section 3.4.
  var isMemory: Bool {
    guard let type = property("device_type") else { return isNamed("memory") && isAvailable }
    return type.holds("memory") && isAvailable
  }

  /// The list of addresses and sizes of memory, which may be empty.
  ///
  /// Linux's "linux,usable-memory" takes precedence over "reg", as a kernel that starts after a
  /// crash must not touch the rest.
  ///
  /// - Returns: nil if there is neither.
  var memoryList: BoundedBytes<Memory>? { property("linux,usable-memory") ?? property("reg") }
}
