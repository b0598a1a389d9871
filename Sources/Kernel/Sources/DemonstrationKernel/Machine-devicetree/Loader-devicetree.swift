// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Firmware
import PhysicalMemory
import TextOutput

/// What the loader left: a device tree.
struct Loader {
  /// Where the tree lies.
  let deviceTree: PhysicalAddress

  private static var bootProtocol: KnownBootProtocol { .deviceTree }

  /// The name of the protocol.
  var name: StaticString { Self.bootProtocol.name }

  /// Reads everything that the loader left.
  func read(
    _ information: inout BootInformation, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    try information.read(Self.bootProtocol, at: deviceTree, in: memory, reportingTo: &sink)
  }
}
#endif
