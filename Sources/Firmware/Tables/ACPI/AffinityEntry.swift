// SPDX-License-Identifier: MIT
import PhysicalMemory

/// An entry of ACPI's table of affinities (SRAT).
///
/// Source: ACPI specification 6.5, section 5.2.16.
enum AffinityEntry {
  /// A processor, or another device that uses memory, is in the domain.
  case initiator(domain: UInt32)

  /// A range of memory is in the domain; it may be removable while the machine runs.
  case memory(domain: UInt32, start: UInt64, byteCount: UInt64, isHotPluggable: Bool)

  /// The entry is disabled, or its type has no bearing on domains.
  case nothing

  /// The types of entries.
  private enum EntryType {
    static var localAPIC: UInt8 { 0 }
    static var memory: UInt8 { 1 }
    static var localX2APIC: UInt8 { 2 }
    static var gicc: UInt8 { 3 }
    static var genericInitiator: UInt8 { 5 }
  }

  /// The type that every entry starts with.
  private static var type: Field<UInt8> { 0 }

  /// The fields of a processor with a local APIC, where the domain's lowest byte is separate from
  /// the rest.
  private enum LocalAPIC {
    static var lowDomain: Field<UInt8> { 2 }
    static var flags: Field<UInt32> { 4 }
    static var highDomain: Field<UInt32> { 8 }
  }

  /// The fields of a range of memory.
  private enum MemoryAffinityEntry {
    static var domain: Field<UInt32> { 2 }
    static var base: Field<UInt64> { 8 }
    static var length: Field<UInt64> { 16 }
    static var flags: Field<UInt32> { 28 }

    /// The flag for memory that can be added and removed while the machine runs.
    static var hotPluggable: UInt32 { 2 }
  }

  /// The fields of a processor with an x2APIC.
  private enum LocalX2APIC {
    static var domain: Field<UInt32> { 4 }
    static var flags: Field<UInt32> { 12 }
  }

  /// The fields of a processor with Arm's GIC.
  private enum GICC {
    static var domain: Field<UInt32> { 2 }
    static var flags: Field<UInt32> { 10 }
  }

  /// The fields of another device that uses memory.
  private enum GenericInitiator {
    static var domain: Field<UInt32> { 4 }
    static var flags: Field<UInt32> { 24 }
  }

  /// The flag for an entry that is enabled.
  private static var enabled: UInt32 { 1 }

  /// Reads an entry; nil if it is too small for its type.
  ///
  /// - Parameter isOld: Whether the table is older than revision 2, so that a domain has only 8
  ///   bits.
  init?(_ entry: BoundedBytes<some PhysicalMemoryReader>, isOld: Bool) {
    let mask: UInt32 = isOld ? 0xff : .max
    switch entry.load(Self.type) {
    case EntryType.localAPIC:
      guard let low = entry.load(LocalAPIC.lowDomain), let flags = entry.load(LocalAPIC.flags),
        let rest = entry.load(LocalAPIC.highDomain)
      else { return nil }
      let domain = UInt32(low) | rest & 0xffff_ff00
      self = flags & Self.enabled == 0 ? .nothing : .initiator(domain: domain & mask)
    case EntryType.memory:
      guard let domain = entry.load(MemoryAffinityEntry.domain),
        let start = entry.load(MemoryAffinityEntry.base),
        let byteCount = entry.load(MemoryAffinityEntry.length),
        let flags = entry.load(MemoryAffinityEntry.flags)
      else { return nil }
      self =
        flags & Self.enabled == 0
        ? .nothing
        : .memory(
          domain: domain & mask, start: start, byteCount: byteCount,
          isHotPluggable: flags & MemoryAffinityEntry.hotPluggable != 0)
    case EntryType.localX2APIC:
      self.init(entry, LocalX2APIC.domain, LocalX2APIC.flags)
    case EntryType.gicc:
      self.init(entry, GICC.domain, GICC.flags)
    case EntryType.genericInitiator:
      self.init(entry, GenericInitiator.domain, GenericInitiator.flags)
    case nil:
      return nil
    default:
      self = .nothing
    }
  }

  private init?(
    _ entry: BoundedBytes<some PhysicalMemoryReader>, _ domain: Field<UInt32>,
    _ flags: Field<UInt32>
  ) {
    guard let domain = entry.load(domain), let flags = entry.load(flags) else { return nil }
    self = flags & Self.enabled == 0 ? .nothing : .initiator(domain: domain)
  }
}
