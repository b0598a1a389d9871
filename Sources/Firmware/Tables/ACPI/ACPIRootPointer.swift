// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// ACPI's root pointer (RSDP), which leads to the root table.
///
/// Source: ACPI specification 6.5, section 5.2.5.
struct ACPIRootPointer {
  /// `RSD PTR ` as a little-endian number.
  private static var signature: UInt64 { 0x2052_5450_2044_5352 }

  /// The fields of the structure, named as in the specification.
  private enum Pointer {
    static var signature: Field<UInt64> { 0 }
    static var revision: Field<UInt8> { 15 }
    static var rsdtAddress: Field<UInt32> { 16 }
    static var length: Field<UInt32> { 20 }
    static var xsdtAddress: Field<UInt64> { 24 }

    /// The size in bytes before revision 2, and the minimum size since.
    static var oldByteCount: UInt64 { 20 }
    static var byteCount: UInt32 { 36 }

    /// The revision that added the size and the 64-bit address.
    static var extendedRevision: UInt8 { 2 }
  }

  /// The places where a PC may have the structure.
  private enum SearchArea {
    /// Where the BIOS stores the address of its extended data area, in units of 16 bytes.
    static var extendedDataSegment: PhysicalAddress { 0x40e }
    static var extendedDataByteCount: UInt64 { 1024 }
    static var biosStart: UInt64 { 0xe_0000 }
    static var biosByteCount: UInt64 { 0x2_0000 }
    static var alignment: UInt64 { 16 }
  }

  /// More bytes than any revision takes.
  private static var byteCountLimit: UInt64 { 256 }

  /// The bytes of the structure.
  let range: AddressRange

  /// The address of the root table with 32-bit addresses (RSDT); nil if there is none.
  let rootTable: PhysicalAddress?

  /// The address of the root table with 64-bit addresses (XSDT); nil if there is none.
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

  /// Searches for the structure at the address that the loader gave, in the first KiB of the
  /// extended BIOS data area, and in the BIOS from 0xe0000 to 0xfffff.
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

  /// Searches for the structure at the multiples of 16 in a range below 2 MiB.
  private static func find(
    from start: UInt64, byteCount: UInt64, in memory: some PhysicalMemoryReader
  ) -> ACPIRootPointer? {
    for offset in stride(from: 0, to: byteCount, by: UInt64.Stride(SearchArea.alignment)) {
      // Thousands of places are checked, so for most of them the first letter must suffice.
      guard memory.byte(at: PhysicalAddress(start + offset)) == UInt8(ascii: "R") else { continue }
      if let pointer = ACPIRootPointer(at: PhysicalAddress(start + offset), in: memory) {
        return pointer
      }
    }
    return nil
  }
}
