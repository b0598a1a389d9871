/// The letters at the start of an ACPI table, as the little-endian number that they are in memory.
struct ACPISignature: Equatable {
  let number: UInt32

  /// System Resource Affinity Table.
  static var systemResourceAffinity: ACPISignature { ACPISignature(number: 0x5441_5253) }

  /// Root System Description Table, with addresses of 32 bits.
  static var rootTable: ACPISignature { ACPISignature(number: 0x5444_5352) }

  /// Extended System Description Table, with addresses of 64 bits.
  static var extendedRootTable: ACPISignature { ACPISignature(number: 0x5444_5358) }
}
