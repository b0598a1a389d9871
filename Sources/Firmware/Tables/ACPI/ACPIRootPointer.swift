// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// ACPI's root pointer (RSDP): where the table of all tables lies.
///
/// Source: ACPI specification 6.5, section 5.2.5.
struct ACPIRootPointer {
  /// `RSD PTR ` as a little-endian number.
  private static var signature: UInt64 { 0x2052_5450_2044_5352 }

  /// The fields of the structure, as the specification calls them.
  private enum Pointer {
    static var signature: Field<UInt64> { 0 }
    static var revision: Field<UInt8> { 15 }
    static var rsdtAddress: Field<UInt32> { 16 }
    static var length: Field<UInt32> { 20 }
    static var xsdtAddress: Field<UInt64> { 24 }

    /// The size before revision 2, and the least size since.
    static var oldByteCount: UInt64 { 20 }
    static var byteCount: UInt32 { 36 }

    /// The revision that brought size and 64-bit address.
    static var extendedRevision: UInt8 { 2 }
  }

  /// Where a PC may have the structure.
  private enum SearchArea {
    /// Where the BIOS keeps the address of its extended data area, in units of 16 bytes.
    static var extendedDataSegment: PhysicalAddress { 0x40e }
    static var extendedDataByteCount: UInt64 { 1024 }
    static var biosStart: UInt64 { 0xe_0000 }
    static var biosByteCount: UInt64 { 0x2_0000 }
    static var alignment: UInt64 { 16 }
  }

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
    let old = BoundedBytes(memory, at: address, byteCount: Pointer.oldByteCount)
    guard old.load(Pointer.signature) == Self.signature, old.hasValidChecksum,
      let revision = old.load(Pointer.revision), let rootTable = old.load(Pointer.rsdtAddress)
    else { return nil }
    self.rootTable = rootTable == 0 ? nil : PhysicalAddress(UInt64(rootTable))
    let header = BoundedBytes(memory, at: address, byteCount: Self.byteCountLimit)
    guard revision >= Pointer.extendedRevision, let byteCount = header.load(Pointer.length),
      byteCount >= Pointer.byteCount,
      let whole = header.slice(at: 0, byteCount: UInt64(byteCount)), whole.hasValidChecksum,
      let extended = whole.load(Pointer.xsdtAddress), extended != 0
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
    if let segment = memory.load(UInt16.self, at: SearchArea.extendedDataSegment),
      let pointer = find(
        from: UInt64(segment) * SearchArea.alignment,
        byteCount: SearchArea.extendedDataByteCount, in: memory)
    {
      return pointer
    }
    return find(
      from: SearchArea.biosStart, byteCount: SearchArea.biosByteCount, in: memory)
  }

  /// Looks for the structure on the multiples of 16 in a range below 2 MiB.
  private static func find(
    from start: UInt64, byteCount: UInt64, in memory: some PhysicalMemoryReader
  ) -> ACPIRootPointer? {
    for offset in stride(from: 0, to: byteCount, by: UInt64.Stride(SearchArea.alignment)) {
      // Thousands of places are looked at, so the first letter has to do for most of them.
      guard memory.byte(at: PhysicalAddress(start + offset)) == UInt8(ascii: "R") else { continue }
      if let pointer = ACPIRootPointer(at: PhysicalAddress(start + offset), in: memory) {
        return pointer
      }
    }
    return nil
  }
}
