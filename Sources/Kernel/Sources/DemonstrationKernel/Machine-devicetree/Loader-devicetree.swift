// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the loader left: a device tree.
struct Loader {
  /// Where the tree lies.
  let deviceTree: PhysicalAddress

  private static var bootProtocol: KnownBootProtocol { .deviceTree }

  /// What the protocol is called.
  var name: StaticString { Self.bootProtocol.name }

  /// Reads all that it left.
  func read(
    _ information: inout BootInformation, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    try information.read(Self.bootProtocol, at: deviceTree, in: memory, reportingTo: &sink)
  }

  /// What tells of nodes: the tree.
  typealias FirmwareTables<Memory: PhysicalMemoryReader> = DeviceTree<Memory>

  /// Finds the tree; the memory that it lies in has been noted.
  func findTables<Memory: PhysicalMemoryReader>(
    notingThemIn information: inout BootInformation, in memory: Memory,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) -> FirmwareTables<Memory>? {
    try DeviceTree(at: deviceTree, in: memory)
  }
}
#endif
