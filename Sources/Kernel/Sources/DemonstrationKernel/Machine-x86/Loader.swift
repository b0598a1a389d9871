// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Firmware
import PhysicalMemory
import TextOutput

/// What a loader left in registers on entry: by which protocol it speaks, and where.
struct Loader {
  /// What it left in EAX, or the entry code for it.
  let magic: UInt32

  /// What it left in EBX.
  let informationAddress: UInt32

  /// The protocol.
  var name: StaticString {
    switch magic {
    case Multiboot1.magic: "Multiboot 1"
    case Multiboot2.magic: "Multiboot 2"
    case PVHStartInformation.magic: "PVH"
    default: "unknown"
    }
  }

  /// Reads all that it left.
  func read(
    _ information: inout BootInformation, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    let address = PhysicalAddress(UInt64(informationAddress))
    // What the BIOS has there reads as flags of anything.
    if let last = BIOSDataArea.range?.last, address <= last {
      throw .unreadable(
        FirmwareProblem(
          "boot information", at: address, "lies in the BIOS's own data, or no loader left any"))
    }
    switch magic {
    case Multiboot1.magic:
      try information.read(Multiboot1(), at: address, in: memory, reportingTo: &sink)
    case Multiboot2.magic:
      try information.read(Multiboot2(), at: address, in: memory, reportingTo: &sink)
    case PVHStartInformation.magic:
      try information.read(PVHStartInformation(), at: address, in: memory, reportingTo: &sink)
    default:
      throw .unreadable(
        FirmwareProblem(
          "boot information", at: address, "is of no loader that is known, its magic number",
          value: UInt64(magic)))
    }
  }

  /// What the firmware tells apart from the loader.
  typealias FirmwareTables<Memory: PhysicalMemoryReader> = ACPITables<Memory>

  /// Finds ACPI's tables, and takes note of the memory that they lie in; nil on a machine without.
  func findTables<Memory: PhysicalMemoryReader>(
    notingThemIn information: inout BootInformation, in memory: Memory,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) -> FirmwareTables<Memory>? {
    let tables = ACPITables(
      rootPointer: information.rootPointer, in: memory, reportingTo: &sink)
    if let tables { try information.noteTables(tables, reportingTo: &sink) }
    return tables
  }
}
#endif
