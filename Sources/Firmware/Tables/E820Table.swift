// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The numbers for kinds of memory used by the BIOS call INT 15h, AX=E820h, and everything that
/// copies it.
///
/// Source: ACPI specification 6.5, table 15.2, "Address Range Types"; types 12 and 0xefffffff are
/// in use but not listed there, for persistent memory from before NVDIMMs had a number and for
/// memory set aside by the loader (Linux's `E820_TYPE_PRAM` and `E820_TYPE_SOFT_RESERVED`).
public enum E820 {
  /// The type of reserved memory.
  static var reserved: UInt32 { 2 }

  /// The kind that a type stands for; unknown types are reserved.
  public static func kind(ofType type: UInt32) -> MemoryKind {
    switch type {
    case 1: .usable
    case 3: .acpiReclaimable
    case 4: .acpiNonVolatile
    case 5: .unusable
    case 7, 12: .persistent
    case 0xefff_ffff: .softReserved
    default: .reserved
    }
  }
}

/// A table of `start, byte count, type` (64, 64 and 32 bits) as the BIOS call INT 15h, AX=E820h
/// fills it in.
///
/// Source: ACPI specification 6.5, table 15.1, "INT 15 E820H".
public struct E820Table: BootProtocol {
  /// The number of entries.
  public let entryCount: UInt64

  /// The distance from one entry to the next: 20 bytes, or 24 with extended attributes.
  public let entryByteCount: UInt64

  /// The fields of an entry.
  private enum Entry {
    static var start: Field<UInt64> { 0 }
    static var byteCount: Field<UInt64> { 8 }
    static var type: Field<UInt32> { 16 }

    /// The size in bytes without extended attributes.
    static var leastByteCount: UInt64 { 20 }
  }

  /// Makes a reader of a table with `entryCount` entries.
  public init(entryCount: UInt64, entryByteCount: UInt64 = 20) {
    self.entryCount = entryCount
    self.entryByteCount = entryByteCount
  }

  /// Reads the table at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    readEntries(
      at: address.rawValue, of: "e820 entry", with: &reading)
    reading.information.heldRanges.append(
      AddressRange(start: address, clampingByteCount: tableByteCount), .memoryMap)
    guard reading.information.regions.count > 0 else {
      throw .unreadable(FirmwareProblem("e820 table", at: address, "has no entry in reach"))
    }
  }

  /// The size of the table in bytes, capped at what 64 bits can express.
  var tableByteCount: UInt64 {
    let (product, overflow) = entryCount.multipliedReportingOverflow(by: entryByteCount)
    return overflow ? .max : product
  }

  /// Appends the entries of the table at `start` to the regions.
  ///
  /// Entries out of reach are reported, as is an impossible distance between them.
  func readEntries(
    at start: UInt64, of object: StaticString,
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    guard entryByteCount >= Entry.leastByteCount else {
      reading.report(
        FirmwareProblem(
          object, at: PhysicalAddress(start), "is too small, has size", value: entryByteCount))
      return
    }
    let table = reading.list(
      at: start, byteCount: tableByteCount, of: object)
    for number in 0..<table.byteCount / entryByteCount {
      let offset = number * entryByteCount
      guard let entry = table.slice(at: offset, byteCount: Entry.leastByteCount),
        let start = entry.load(Entry.start), let byteCount = entry.load(Entry.byteCount),
        let type = entry.load(Entry.type)
      else {
        reading.report(
          FirmwareProblem(
            object, number: number, at: table.range.start.advanced(byByteCount: offset),
            "is out of reach, as are all behind it"))
        return
      }
      reading.appendRegion(
        start: start, byteCount: byteCount, kind: E820.kind(ofType: type), of: object,
        number: number)
    }
  }
}
