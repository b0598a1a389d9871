import PhysicalMemory
import TextOutput

/// ACPI's tables, found from the root pointer.
///
/// Source: ACPI specification 6.5, sections 5.2.6 to 5.2.8.
struct ACPITables<Memory: PhysicalMemoryReader> {
  /// The size of the header that all tables have.
  static var headerByteCount: UInt64 { 36 }

  /// The most bytes that a table is read to.
  private static var byteCountLimit: UInt64 { 1 << 20 }

  private let memory: Memory

  /// The addresses of the tables, in the table of all tables.
  private let entries: BoundedBytes<Memory>

  /// The size of an address: 8 bytes, or 4 in the older form.
  private let entryByteCount: UInt64

  /// Finds the table of all tables, the one with 64-bit addresses before the other one.
  ///
  /// - Returns: nil if there is none that is whole, after a report of the defect.
  init?(
    _ root: ACPIRootPointer, in memory: Memory, reportingTo sink: inout some TextSink
  ) {
    self.memory = memory
    if let address = root.extendedRootTable,
      let table = Self.table(.extendedRootTable, at: address, in: memory, reportingTo: &sink),
      let entries = table.suffix(from: Self.headerByteCount)
    {
      self.entries = entries
      entryByteCount = 8
    } else if let address = root.rootTable,
      let table = Self.table(.rootTable, at: address, in: memory, reportingTo: &sink),
      let entries = table.suffix(from: Self.headerByteCount)
    {
      self.entries = entries
      entryByteCount = 4
    } else {
      return nil
    }
  }

  /// The table with this signature; nil if there is none, or it is damaged.
  func first(
    _ signature: ACPISignature, reportingTo sink: inout some TextSink
  ) -> BoundedBytes<Memory>? {
    for number in 0..<entries.byteCount / entryByteCount {
      let offset = number * entryByteCount
      let entry =
        entryByteCount == 8
        ? entries.load(UInt64.self, at: offset)
        : entries.load(UInt32.self, at: offset).map { UInt64($0) }
      guard let entry, memory.load(at: PhysicalAddress(entry)) == signature.number else { continue }
      return Self.table(signature, at: PhysicalAddress(entry), in: memory, reportingTo: &sink)
    }
    return nil
  }

  /// The table at `address`; nil, and a report, if it is not the one looked for, or damaged.
  private static func table(
    _ signature: ACPISignature, at address: PhysicalAddress, in memory: Memory,
    reportingTo sink: inout some TextSink
  ) -> BoundedBytes<Memory>? {
    let limit = BoundedBytes(memory, at: address, byteCount: byteCountLimit)
    guard limit.load(UInt32.self, at: 0) == signature.number,
      let byteCount = limit.load(UInt32.self, at: 4)
    else {
      sink.report(FirmwareProblem("ACPI table", at: address, "is not what it was said to be"))
      return nil
    }
    guard UInt64(byteCount) >= headerByteCount,
      let table = limit.slice(at: 0, byteCount: UInt64(byteCount))
    else {
      sink.report(
        FirmwareProblem("ACPI table", at: address, "has no such size", value: UInt64(byteCount)))
      return nil
    }
    guard table.hasValidChecksum else {
      sink.report(FirmwareProblem("ACPI table", at: address, "has a wrong checksum"))
      return nil
    }
    return table
  }
}
