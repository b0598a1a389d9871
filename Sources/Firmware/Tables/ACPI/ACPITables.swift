// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// ACPI's tables, found from the root pointer.
///
/// Source: ACPI specification 6.5, sections 5.2.6 to 5.2.8.
public struct ACPITables<Memory: PhysicalMemoryReader> {
  /// The maximum number of bytes that are read of a table.
  private static var byteCountLimit: UInt64 { 1 << 20 }

  /// The sizes in bytes of an address in the two forms of the root table.
  private enum AddressByteCount {
    static var extended: UInt64 { 8 }
    static var old: UInt64 { 4 }
  }

  let memory: Memory

  /// The bytes of the root pointer.
  let rootPointer: AddressRange

  /// The bytes of the root table, which lists all other tables.
  let rootTable: AddressRange

  /// The addresses of the tables, as listed in the root table.
  private let entries: BoundedBytes<Memory>

  /// The size of an address: 8 bytes, or 4 in the older form.
  private let entryByteCount: UInt64

  /// Finds the root pointer and the root table, preferring the one with 64-bit addresses.
  ///
  /// Nil on a machine without ACPI, or if there is no intact root table; defects are reported as
  /// lines on `sink`.
  ///
  /// - Parameters:
  ///   - loaderAddress: The address of the root pointer according to the loader; see
  ///     ``BootInformation/rootPointer``.
  ///   - memory: The machine's memory.
  ///   - sink: Where defects are reported.
  public init?(
    rootPointer loaderAddress: PhysicalAddress?, in memory: Memory,
    reportingTo sink: inout some TextSink
  ) {
    guard
      let root = ACPIRootPointer.find(
        loaderAddress: loaderAddress, in: memory, reportingTo: &sink)
    else { return nil }
    self.memory = memory
    rootPointer = root.range
    if let address = root.extendedRootTable,
      let table = Self.table(.extendedRootTable, at: address, in: memory, reportingTo: &sink),
      let entries = table.suffix(from: ACPITableHeader.byteCount)
    {
      rootTable = table.range
      self.entries = entries
      entryByteCount = AddressByteCount.extended
    } else if let address = root.rootTable,
      let table = Self.table(.rootTable, at: address, in: memory, reportingTo: &sink),
      let entries = table.suffix(from: ACPITableHeader.byteCount)
    {
      rootTable = table.range
      self.entries = entries
      entryByteCount = AddressByteCount.old
    } else {
      return nil
    }
  }

  /// The number of listed tables.
  var count: UInt64 { entries.byteCount / entryByteCount }

  /// The address of the table with this number in the list; nil if the list is out of reach there.
  @inline(never)
  func address(ofTable number: UInt64) -> PhysicalAddress? {
    let offset = number * entryByteCount
    let entry =
      entryByteCount == AddressByteCount.extended
      ? entries.load(UInt64.self, at: offset)
      : entries.load(UInt32.self, at: offset).map { UInt64($0) }
    return entry.map { PhysicalAddress($0) }
  }

  /// The table with this signature; nil if there is none, or it is damaged.
  func first(
    _ signature: ACPISignature, reportingTo sink: inout some TextSink
  ) -> BoundedBytes<Memory>? {
    for number in 0..<count {
      guard let address = address(ofTable: number), memory.load(at: address) == signature.number
      else { continue }
      return Self.table(signature, at: address, in: memory, reportingTo: &sink)
    }
    return nil
  }

  /// The table at `address`; nil, with a report, if it is damaged or not the expected one.
  private static func table(
    _ signature: ACPISignature, at address: PhysicalAddress, in memory: Memory,
    reportingTo sink: inout some TextSink
  ) -> BoundedBytes<Memory>? {
    let limit = BoundedBytes(memory, at: address, byteCount: byteCountLimit)
    guard limit.load(ACPITableHeader.signature) == signature.number,
      let byteCount = limit.load(ACPITableHeader.length)
    else {
      sink.report(FirmwareProblem("ACPI table", at: address, "is not what it was said to be"))
      return nil
    }
    guard UInt64(byteCount) >= ACPITableHeader.byteCount,
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

/// The header that all tables have, its fields named as in the specification.
///
/// Source: ACPI specification 6.5, section 5.2.6.
enum ACPITableHeader {
  static var signature: Field<UInt32> { 0 }
  static var length: Field<UInt32> { 4 }
  static var revision: Field<UInt8> { 8 }

  static var byteCount: UInt64 { 36 }
}

/// The letters at the start of an ACPI table, as a little-endian number.
struct ACPISignature: Equatable {
  let number: UInt32

  /// System Resource Affinity Table.
  static var systemResourceAffinity: ACPISignature { ACPISignature(number: 0x5441_5253) }

  /// Root System Description Table, with 32-bit addresses.
  static var rootTable: ACPISignature { ACPISignature(number: 0x5444_5352) }

  /// Extended System Description Table, with 64-bit addresses.
  static var extendedRootTable: ACPISignature { ACPISignature(number: 0x5444_5358) }

  /// Fixed ACPI Description Table (FADT), whose signature is `FACP`.
  static var fixedDescription: ACPISignature { ACPISignature(number: 0x5043_4146) }
}
