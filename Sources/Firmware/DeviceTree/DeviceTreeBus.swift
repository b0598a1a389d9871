// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The translation from addresses on a bus to addresses on its parent bus.
///
/// Source: Devicetree Specification 0.4, section 2.3.8, "ranges".
struct DeviceTreeBus<Memory: PhysicalMemoryReader> {
  /// More ranges than any bus has.  The limit bounds the lookup, which visits all of them for each
  /// address.
  private static var countLimit: UInt64 { 64 }

  private let ranges: BoundedBytes<Memory>
  private let cells: DeviceTreeCells
  private let outerCells: DeviceTreeCells

  /// - Parameters:
  ///   - node: The bus node.
  ///   - outer: Its parent.
  /// - Returns: nil if no address of the bus is visible outside it.
  init?(_ node: DeviceTreeNode<Memory>, in outer: DeviceTreeNode<Memory>) {
    guard let ranges = node.property("ranges"), let cells = DeviceTreeCells(of: node),
      let outerCells = DeviceTreeCells(of: outer)
    else { return nil }
    self.ranges = ranges
    self.cells = cells
    self.outerCells = outerCells
  }

  /// The address as seen outside the bus; nil if it is not visible there.
  ///
  /// - Complexity: O(n) in the number of ranges; only the first 64 count.
  func outerAddress(of address: UInt64) -> UInt64? {
    guard ranges.byteCount > 0 else { return address }
    let stride = cells.entryByteCount + outerCells.address * 4
    guard stride > 0 else { return nil }
    for index in 0..<min(ranges.byteCount / stride, Self.countLimit) {
      let offset = index * stride
      guard let inner = ranges.loadCells(cells.address, at: offset),
        let outer = ranges.loadCells(outerCells.address, at: offset + cells.address * 4),
        let byteCount = ranges.loadCells(
          cells.size, at: offset + (cells.address + outerCells.address) * 4),
        address >= inner, address - inner < byteCount
      else { continue }
      return PhysicalAddress(outer).advanced(byByteCount: address - inner)?.rawValue
    }
    return nil
  }
}
