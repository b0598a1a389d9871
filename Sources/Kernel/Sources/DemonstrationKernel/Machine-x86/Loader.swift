// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Firmware
import PhysicalMemory
import TextOutput

/// What a loader left in registers on entry: its magic number, and an address.
struct Loader {
  /// What it left in EAX, or the entry code for it.
  let magic: UInt32

  /// What it left in EBX.
  let informationAddress: UInt32

  /// The protocol; nil if no known loader has that magic number.
  private var bootProtocol: KnownBootProtocol? { KnownBootProtocol(registerMagic: magic) }

  /// The name of the protocol.
  var name: StaticString { bootProtocol?.name ?? "unknown" }

  /// Reads everything that the loader left.
  func read(
    _ information: inout BootInformation, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    let address = PhysicalAddress(UInt64(informationAddress))
    // Whatever the BIOS keeps there could pass for flags.
    if let last = BIOSDataArea.range.last, address <= last {
      throw .unreadable(
        FirmwareProblem(
          "boot information", at: address, "lies in the BIOS's own data, or no loader left any"))
    }
    guard let bootProtocol else {
      throw .unreadable(
        FirmwareProblem(
          "boot information", at: address, "is of no loader that is known, its magic number",
          value: UInt64(magic)))
    }
    try information.read(bootProtocol, at: address, in: memory, reportingTo: &sink)
  }
}
#endif
