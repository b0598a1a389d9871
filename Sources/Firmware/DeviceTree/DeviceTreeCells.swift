// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The number of 32-bit cells that addresses and sizes take in the "reg" of a node's children.
///
/// Source: Devicetree Specification 0.4, section 2.3.5.
struct DeviceTreeCells: Equatable {
  /// The maximum number of cells of an address or a size; PCI addresses have 3.
  private static var limit: UInt32 { 4 }

  /// `#address-cells`
  let address: UInt64

  /// `#size-cells`
  let size: UInt64

  /// The size in bytes of one entry: an address and a size.
  var entryByteCount: UInt64 { (address + size) * 4 }

  /// Reads the cell counts that `node` sets for its children; where they are missing they are 2 and
  /// 1.
  ///
  /// - Returns: nil if either is not a single cell, or is above 4.
  init?(of node: DeviceTreeNode<some PhysicalMemoryReader>) {
    guard let address = Self.number("#address-cells", of: node, default: 2),
      let size = Self.number("#size-cells", of: node, default: 1)
    else { return nil }
    self.address = address
    self.size = size
  }

  private static func number(
    _ name: StaticString, of node: DeviceTreeNode<some PhysicalMemoryReader>,
    default: UInt64
  ) -> UInt64? {
    guard let value = node.property(name) else { return `default` }
    guard value.byteCount == 4, let number = value.loadBigEndian(UInt32.self, at: 0),
      number <= limit
    else { return nil }
    return UInt64(number)
  }
}
