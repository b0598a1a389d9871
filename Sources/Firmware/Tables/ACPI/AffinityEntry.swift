// SPDX-License-Identifier: MIT
import PhysicalMemory

/// An entry of ACPI's table of affinities (SRAT).
///
/// Source: ACPI specification 6.5, section 5.2.16.
enum AffinityEntry {
  /// A processor, or another device that uses memory, is in the domain.
  case initiator(domain: UInt32)

  /// A range of memory is in the domain.
  case memory(domain: UInt32, start: UInt64, byteCount: UInt64)

  /// The entry is disabled, or of a type that says nothing about domains.
  case nothing

  /// Reads an entry; nil if it is too small for its type.
  ///
  /// - Parameter isOld: The table is older than revision 2, and a domain has 8 bits only.
  init?(_ entry: BoundedBytes<some PhysicalMemoryReader>, isOld: Bool) {
    let mask: UInt32 = isOld ? 0xff : .max
    switch entry.load(UInt8.self, at: 0) {
    case 0:
      // Local APIC: the domain's lowest byte and the rest of it lie apart.
      guard let low = entry.load(UInt8.self, at: 2), let flags = entry.load(UInt32.self, at: 4),
        let rest = entry.load(UInt32.self, at: 8)
      else { return nil }
      let domain = UInt32(low) | rest & 0xffff_ff00
      self = flags & 1 == 0 ? .nothing : .initiator(domain: domain & mask)
    case 1:
      guard let domain = entry.load(UInt32.self, at: 2), let start = entry.load(UInt64.self, at: 8),
        let byteCount = entry.load(UInt64.self, at: 16), let flags = entry.load(UInt32.self, at: 28)
      else { return nil }
      self =
        flags & 1 == 0
        ? .nothing : .memory(domain: domain & mask, start: start, byteCount: byteCount)
    case 2:
      // Local x2APIC.
      self.init(entry, domainOffset: 4, flagsOffset: 12)
    case 3:
      // GIC of a processor of Arm.
      self.init(entry, domainOffset: 2, flagsOffset: 10)
    case 5:
      // Generic initiator.
      self.init(entry, domainOffset: 4, flagsOffset: 24)
    case nil:
      return nil
    default:
      self = .nothing
    }
  }

  private init?(
    _ entry: BoundedBytes<some PhysicalMemoryReader>, domainOffset: UInt64, flagsOffset: UInt64
  ) {
    guard let domain = entry.load(UInt32.self, at: domainOffset),
      let flags = entry.load(UInt32.self, at: flagsOffset)
    else { return nil }
    self = flags & 1 == 0 ? .nothing : .initiator(domain: domain)
  }
}
