// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Keeping ACPI's tables.
extension BootInformation {
  /// Records ACPI's tables, as far as they lie in memory that the regions call usable; memory
  /// elsewhere is not allocated in any case.
  ///
  /// The root pointer, the root table, each table listed there and the two that the FADT points to
  /// go into ``heldRanges``.  The regions should be as the kernel will use them, with the
  /// parameters on its command line applied.  A table with an impossible size is reported as a line
  /// on `sink`.
  ///
  /// Source: ACPI specification 6.5, sections 5.2.6 to 5.2.10.
  ///
  /// - Throws: ``FirmwareError/heldRangesFull(capacity:needed:)``; the list then has as many as
  ///   fit.
  /// - Complexity: O(tables × regions).
  public mutating func noteTables(
    _ tables: ACPITables<some PhysicalMemoryReader>, reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    try read(tables.memory, reportingTo: &sink) { (reading) throws(FirmwareError) in
      reading.note(tables)
      try reading.information.checkHeldRanges()
    }
  }
}

extension BootReading {
  /// The maximum number of tables that are recorded; machines have a few dozen.
  private static var tableCountLimit: UInt64 { 256 }

  /// The size in bytes of the largest plausible table; those with the most code have some hundred
  /// KiB.
  private static var tableByteCountLimit: UInt64 { 1 << 24 }

  fileprivate mutating func note(_ tables: ACPITables<Memory>) {
    noteTable(tables.rootPointer)
    noteTable(tables.rootTable)
    if tables.count > Self.tableCountLimit {
      report(
        FirmwareProblem(
          "ACPI table of tables", at: tables.rootTable.start, "is read in part only, has entries",
          value: tables.count))
    }
    for number in 0..<min(tables.count, Self.tableCountLimit) {
      guard let address = tables.address(ofTable: number), address != 0 else { continue }
      noteTable(at: address)
    }
    var silence = SilentSink()
    if let table = tables.first(.fixedDescription, reportingTo: &silence) {
      noteTable(of: table, FixedDescription.facs, FixedDescription.extendedFACS)
      noteTable(of: table, FixedDescription.dsdt, FixedDescription.extendedDSDT)
    }
  }

  /// Records the table whose address is in one of two fields of another table; the 64-bit field
  /// counts if it is present and not 0.
  private mutating func noteTable(
    of table: BoundedBytes<Memory>, _ narrow: Field<UInt32>, _ wide: Field<UInt64>
  ) {
    var address = table.load(wide) ?? 0
    if address == 0 { address = UInt64(table.load(narrow) ?? 0) }
    guard address != 0 else { return }
    noteTable(at: PhysicalAddress(address))
  }

  /// Records the table at `address`, whose size follows its signature.
  private mutating func noteTable(at address: PhysicalAddress) {
    guard
      let byteCount = bytes(at: address, byteCount: ACPITableHeader.byteCount).load(
        ACPITableHeader.length)
    else {
      report(FirmwareProblem("ACPI table", at: address, "is out of reach"))
      return
    }
    guard UInt64(byteCount) <= Self.tableByteCountLimit else {
      report(
        FirmwareProblem("ACPI table", at: address, "has no such size", value: UInt64(byteCount)))
      return
    }
    noteTable(AddressRange(start: address, clampingByteCount: UInt64(byteCount)))
  }

  private mutating func noteTable(_ range: AddressRange) {
    for index in 0..<information.regions.count
    where information.regions[index].kind == .usable
      && information.regions[index].range.overlaps(range)
    {
      return information.heldRanges.append(range, .acpiTables)
    }
  }
}

/// The fields of ACPI's FADT that point to other tables: FACS and DSDT.
///
/// Source: ACPI specification 6.5, section 5.2.9.
private enum FixedDescription {
  static var facs: Field<UInt32> { 36 }
  static var dsdt: Field<UInt32> { 40 }
  static var extendedFACS: Field<UInt64> { 132 }
  static var extendedDSDT: Field<UInt64> { 140 }
}
