// SPDX-License-Identifier: MIT
import MemoryMap

/// One entry of EFI's memory map.
///
/// Source: UEFI specification 2.10, section 7.2.3, `EFI_MEMORY_DESCRIPTOR`.
public struct EFIMemoryDescriptor: Sendable {
  /// The minimum size of an entry in bytes.
  static var leastByteCount: UInt64 { 40 }

  /// log2 of the size of EFI's pages in bytes.
  private static var pageByteCountShift: UInt64 { 12 }

  /// The fields, named as in the specification.
  private enum Descriptor {
    static var type: Field<UInt32> { 0 }
    static var physicalStart: Field<UInt64> { 8 }
    static var numberOfPages: Field<UInt64> { 24 }
    static var attribute: Field<UInt64> { 32 }
  }

  /// `EFI_MEMORY_WB`: the memory can be cached with write-back, as working memory has to be.
  public static var writeBack: UInt64 { 1 << 3 }

  /// `EFI_MEMORY_SP`: the memory is set aside for a special purpose.
  public static var specificPurpose: UInt64 { 1 << 18 }

  /// The number of the type, `EFI_MEMORY_TYPE`.
  public let type: UInt32

  /// The first address.
  public let start: UInt64

  /// The number of EFI pages, which have 4096 bytes regardless of the kernel's page size.
  public let pageCount: UInt64

  /// The attributes, one bit each.
  public let attributes: UInt64

  /// Makes an entry from its fields.
  public init(type: UInt32, start: UInt64, pageCount: UInt64, attributes: UInt64) {
    self.type = type
    self.start = start
    self.pageCount = pageCount
    self.attributes = attributes
  }

  /// Reads the entry at `offset`; nil if it is out of reach.
  init?(_ map: BoundedBytes<some PhysicalMemoryReader>, at offset: UInt64) {
    guard let entry = map.slice(at: offset, byteCount: Self.leastByteCount),
      let type = entry.load(Descriptor.type),
      let start = entry.load(Descriptor.physicalStart),
      let pageCount = entry.load(Descriptor.numberOfPages),
      let attributes = entry.load(Descriptor.attribute)
    else { return nil }
    self.type = type
    self.start = start
    self.pageCount = pageCount
    self.attributes = attributes
  }

  /// The size of the memory in bytes, capped at what 64 bits can express.
  var byteCount: UInt64 {
    pageCount >> (64 - Self.pageByteCountShift) == 0
      ? pageCount << Self.pageByteCountShift : .max
  }

  /// Whether the memory holds the loader's code or data, which the kernel's image may be part of.
  var belongsToLoader: Bool { type == 1 || type == 2 }

  /// The kind of memory, as Linux's EFI stub passes it to the kernel.
  ///
  /// - Parameter hasBootServices: Whether EFI's boot services still run, and own their code and
  ///   data.
  public func kind(hasBootServices: Bool) -> MemoryKind {
    switch type {
    case 1...4, 7:
      if hasBootServices && (type == 3 || type == 4) {
        .reserved
      } else if type == 7 && attributes & Self.specificPurpose != 0 {
        .softReserved
      } else if attributes & Self.writeBack == 0 {
        .reserved
      } else {
        .usable
      }
    case 8: .unusable
    case 9: .acpiReclaimable
    case 10: .acpiNonVolatile
    case 14: .persistent
    // Reserved, runtime services, devices, memory not yet accepted, and unknown types.
    default: .reserved
    }
  }
}
