// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the board describes in addition to the memory map.
extension BootInformation {
  /// Reads which memory is near which node, and records the memory that ACPI's tables occupy.
  ///
  /// The regions should be as the kernel will use them, with the parameters on its command line
  /// applied.  Defects are reported as lines on `sink`.  If the board describes more nodes than
  /// there is storage for, that is reported and the machine has one node.
  ///
  /// - Parameters:
  ///   - nodes: Receives the nodes; left unchanged if it has some already.
  ///   - memory: The machine's memory.
  ///   - sink: Where defects are reported.
  /// - Throws: ``FirmwareError/heldRangesFull(capacity:needed:)``, or an error if a device tree
  ///   that was read before is no longer readable.
  /// - Complexity: O(tables × regions), or O(n) in the size of a device tree.
  public mutating func readBoard(
    nodesInto nodes: inout NodeInformation, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    switch board {
    case .none:
      break
    case .pc:
      let tables = ACPITables(rootPointer: rootPointer, in: memory, reportingTo: &sink)
      if let tables { try noteTables(tables, reportingTo: &sink) }
      guard nodes.isEmpty else { return }
      do {
        try nodes.read(tables, reportingTo: &sink)
      } catch {
        Self.reportOneNode(error, to: &sink)
      }
    case .deviceTree(let address):
      guard nodes.isEmpty else { return }
      let tree = try DeviceTree(at: address, in: memory)
      do {
        try nodes.read(tree, reportingTo: &sink)
      } catch {
        Self.reportOneNode(error, to: &sink)
      }
    }
  }

  private static func reportOneNode(_ error: FirmwareError, to sink: inout some TextSink) {
    sink.write("firmware: ")
    error.write(to: &sink)
    sink.write("; all memory is taken for one node\n")
  }
}
