// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// ACPI's table of affinities (SRAT): a header and entries that start with a type and a size of one
/// byte each.
///
/// Source: ACPI specification 6.5, section 5.2.16.
struct AffinityTable<Memory: PhysicalMemoryReader> {
  /// The header of each entry.
  private enum EntryHeader {
    static var length: Field<UInt8> { 1 }

    static var byteCount: UInt8 { 2 }
  }

  /// The number of bytes between the common table header and the first entry.
  private static var reservedByteCount: UInt64 { 12 }

  /// The revision since which a proximity domain has 32 bits.
  private static var wideDomainRevision: UInt8 { 2 }

  private let table: BoundedBytes<Memory>
  private let isOld: Bool
  private var offset: UInt64

  /// The number of entries read so far.
  private(set) var number: UInt64 = 0

  init(_ table: BoundedBytes<Memory>) {
    self.table = table
    isOld = table.load(ACPITableHeader.revision) ?? 0 < Self.wideDomainRevision
    offset = ACPITableHeader.byteCount + Self.reservedByteCount
  }

  /// The next entry; nil at the end.
  ///
  /// Every step advances by at least 2 bytes.  An entry that is too small for its type, or that
  /// does not lie within the table, is reported; the latter ends the walk.
  mutating func next(reportingTo sink: inout some TextSink) -> AffinityEntry? {
    while offset < table.byteCount {
      let address = table.range.start.advanced(byByteCount: offset)
      guard let rest = table.suffix(from: offset), let byteCount = rest.load(EntryHeader.length),
        byteCount >= EntryHeader.byteCount,
        let bytes = rest.slice(at: 0, byteCount: UInt64(byteCount))
      else {
        sink.report(
          FirmwareProblem(
            "ACPI affinity", number: number, at: address, "is cut off; the rest is ignored"))
        offset = table.byteCount
        return nil
      }
      offset += UInt64(byteCount)
      number += 1
      if let entry = AffinityEntry(bytes, isOld: isOld) { return entry }
      sink.report(
        FirmwareProblem(
          "ACPI affinity", number: number - 1, at: address, "is too small; ignored, has size",
          value: UInt64(byteCount)))
    }
    return nil
  }
}
