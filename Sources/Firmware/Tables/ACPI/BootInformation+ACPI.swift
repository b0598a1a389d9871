// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Keeping ACPI's tables.
extension BootInformation {
  /// The most tables that are taken note of; machines have some dozens.
  private static var tableCountLimit: UInt64 { 256 }

  /// The largest table that there can be; those with the most code have some hundred KiB.
  private static var tableByteCountLimit: UInt64 { 1 << 24 }

  /// Takes note of ACPI's tables, as far as they lie in memory that the regions call usable: what
  /// lies elsewhere is not handed out anyhow.
  ///
  /// Root pointer, table of all tables, each table listed there, and those two that the FADT leads
  /// to go into ``heldRanges``.  The regions should be as the kernel is going to use them, with the
  /// parameters on its command line applied.  A table of a size that cannot be is reported as a line
  /// on `sink`.
  ///
  /// Source: ACPI specification 6.5, sections 5.2.6 to 5.2.10.
  ///
  /// - Throws: ``FirmwareError/heldRangesFull(capacity:needed:)``; the list has as many as fit then.
  /// - Complexity: O(tables × regions).
  public mutating func noteTables<Memory: PhysicalMemoryReader>(
    _ tables: ACPITables<Memory>, reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    var reports = FirstLines(to: sink)
    defer { sink = reports.finish() }
    noteTable(tables.rootPointer)
    noteTable(tables.rootTable)
    if tables.count > Self.tableCountLimit {
      reports.report(
        FirmwareProblem(
          "ACPI table of tables", at: tables.rootTable.start, "is read in part only, has entries",
          value: tables.count))
    }
    for number in 0..<min(tables.count, Self.tableCountLimit) {
      guard let address = tables.address(ofTable: number), address != 0 else { continue }
      noteTable(at: address, in: tables.memory, reportingTo: &reports)
    }
    var silence = SilentSink()
    if let table = tables.first(.fixedDescription, reportingTo: &silence) {
      // FACS and DSDT; the 64-bit addresses count where they are there and are not 0.
      noteTable(table, narrow: 36, wide: 132, reportingTo: &reports)
      noteTable(table, narrow: 40, wide: 140, reportingTo: &reports)
    }
    try checkHeldRanges()
  }

  /// Takes note of the table whose address is in one of two fields of another one.
  private mutating func noteTable(
    _ table: BoundedBytes<some PhysicalMemoryReader>, narrow: UInt64, wide: UInt64,
    reportingTo sink: inout some TextSink
  ) {
    var address = table.load(UInt64.self, at: wide) ?? 0
    if address == 0 { address = UInt64(table.load(UInt32.self, at: narrow) ?? 0) }
    guard address != 0 else { return }
    noteTable(at: PhysicalAddress(address), in: table.memory, reportingTo: &sink)
  }

  /// Takes note of the table at `address`, which has its size behind its signature.
  private mutating func noteTable(
    at address: PhysicalAddress, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) {
    let header = BoundedBytes(memory, at: address, byteCount: 8)
    guard let byteCount = header.load(UInt32.self, at: 4) else {
      sink.report(FirmwareProblem("ACPI table", at: address, "is out of reach"))
      return
    }
    guard UInt64(byteCount) <= Self.tableByteCountLimit else {
      sink.report(
        FirmwareProblem("ACPI table", at: address, "has no such size", value: UInt64(byteCount)))
      return
    }
    noteTable(AddressRange(start: address, clampingByteCount: UInt64(byteCount)))
  }

  private mutating func noteTable(_ range: AddressRange) {
    for index in 0..<regions.count
    where regions[index].kind == .usable && regions[index].range.overlaps(range) {
      return heldRanges.append(range, .acpiTables)
    }
  }
}
