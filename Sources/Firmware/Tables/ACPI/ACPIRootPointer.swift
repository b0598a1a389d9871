// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// ACPI's root pointer (RSDP): where the table of all tables lies.
///
/// Source: ACPI specification 6.5, section 5.2.5.
struct ACPIRootPointer {
  /// `RSD PTR ` as a little-endian number.
  private static var signature: UInt64 { 0x2052_5450_2044_5352 }

  /// The size of the structure before revision 2.
  private static var oldByteCount: UInt64 { 20 }

  /// More than any revision takes.
  private static var byteCountLimit: UInt64 { 256 }

  /// The bytes of the structure.
  let range: AddressRange

  /// Where the table with addresses of 32 bits lies; nil if there is none.
  let rootTable: PhysicalAddress?

  /// Where the table with addresses of 64 bits lies; nil if there is none.
  let extendedRootTable: PhysicalAddress?

  /// Reads the structure at `address`; nil if there is none, or its checksum is wrong.
  init?(at address: PhysicalAddress, in memory: some PhysicalMemoryReader) {
    let old = BoundedBytes(memory, at: address, byteCount: Self.oldByteCount)
    guard old.load(UInt64.self, at: 0) == Self.signature, old.hasValidChecksum,
      let revision = old.load(UInt8.self, at: 15), let rootTable = old.load(UInt32.self, at: 16)
    else { return nil }
    self.rootTable = rootTable == 0 ? nil : PhysicalAddress(UInt64(rootTable))
    let header = BoundedBytes(memory, at: address, byteCount: Self.byteCountLimit)
    guard revision >= 2, let byteCount = header.load(UInt32.self, at: 20), byteCount >= 36,
      let whole = header.slice(at: 0, byteCount: UInt64(byteCount)), whole.hasValidChecksum,
      let extended = whole.load(UInt64.self, at: 24), extended != 0
    else {
      extendedRootTable = nil
      range = old.range
      return
    }
    range = whole.range
    extendedRootTable = PhysicalAddress(extended)
  }

  /// Looks for the structure: at the address that the loader gave, in the first KiB of the extended
  /// BIOS data area, and in the BIOS from e0000 to fffff.
  static func find(
    loaderAddress: PhysicalAddress?, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) -> ACPIRootPointer? {
    if let loaderAddress {
      if let pointer = ACPIRootPointer(at: loaderAddress, in: memory) { return pointer }
      sink.report(
        FirmwareProblem("ACPI root pointer of the loader", at: loaderAddress, "is damaged"))
    }
    // The BIOS keeps the area's address, in units of 16 bytes, at 40e.
    if let segment = memory.load(UInt16.self, at: PhysicalAddress(0x40e)),
      let pointer = find(from: UInt64(segment) << 4, byteCount: 1024, in: memory)
    {
      return pointer
    }
    return find(from: 0xe_0000, byteCount: 0x2_0000, in: memory)
  }

  /// Looks for the structure on the multiples of 16 in a range below 2 MiB.
  private static func find(
    from start: UInt64, byteCount: UInt64, in memory: some PhysicalMemoryReader
  ) -> ACPIRootPointer? {
    for offset in stride(from: 0, to: byteCount, by: 16) {
      // Thousands of places are looked at, so the first letter has to do for most of them.
      guard memory.byte(at: PhysicalAddress(start + offset)) == UInt8(ascii: "R") else { continue }
      if let pointer = ACPIRootPointer(at: PhysicalAddress(start + offset), in: memory) {
        return pointer
      }
    }
    return nil
  }
}
