// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The header of a flattened device tree.
///
/// Source: Devicetree Specification 0.4, section 5.2.
struct DeviceTreeHeader {
  /// The versions whose layout this module knows: 16, and 17, which adds the structure block's
  /// size.
  private static var knownVersions: ClosedRange<UInt32> { 16...17 }

  /// The size in bytes of the largest tree that is read, the same limit as Linux's.
  private static var byteCountLimit: UInt32 { 2 << 20 }

  /// The fields of `fdt_header`, named as in the specification.
  private enum Header {
    static var magic: Field<UInt32> { 0 }
    static var totalSize: Field<UInt32> { 4 }
    static var structureOffset: Field<UInt32> { 8 }
    static var stringsOffset: Field<UInt32> { 12 }
    static var reservationsOffset: Field<UInt32> { 16 }
    static var version: Field<UInt32> { 20 }
    static var lastCompatibleVersion: Field<UInt32> { 24 }
    static var stringsSize: Field<UInt32> { 32 }
    static var structureSize: Field<UInt32> { 36 }

    /// The size in bytes before and since the version that adds the structure block's size.
    static var oldByteCount: UInt64 { 36 }
    static var byteCount: UInt64 { 40 }

    /// The version that added the structure block's size.
    static var structureSizeVersion: UInt32 { 17 }
  }

  /// The size of the header in bytes.
  let byteCount: UInt64

  /// The size of the whole tree in bytes, header and gaps included.
  let totalByteCount: UInt64

  /// Where the blocks start, in bytes from the start of the header.
  let structureOffset: UInt64
  let stringsOffset: UInt64
  let reservationsOffset: UInt64

  /// The size of the structure block; nil in version 16.
  let structureByteCount: UInt64?

  /// The size of the strings block.
  let stringsByteCount: UInt64

  /// Reads the header at `address`.
  ///
  /// - Throws: An error if it is out of reach, is not a device tree header, or has a version or
  ///   size that cannot be read.
  init(at address: PhysicalAddress, in memory: some PhysicalMemoryReader) throws(FirmwareError) {
    let fields = BoundedBytes(memory, at: address, byteCount: Header.byteCount)
    func problem(_ complaint: StaticString, value: UInt32? = nil) -> FirmwareError {
      .unreadable(
        FirmwareProblem("device tree", at: address, complaint, value: value.map { UInt64($0) }))
    }
    func load(_ field: Field<UInt32>) throws(FirmwareError) -> UInt32 {
      guard let value = fields.loadBigEndian(field) else {
        throw problem("is out of reach")
      }
      return value
    }
    let magic = try load(Header.magic)
    guard magic == DeviceTreeBlob.magic else {
      throw problem("starts with another number", value: magic)
    }
    let version = try load(Header.version)
    let compatibleVersion = try load(Header.lastCompatibleVersion)
    guard version >= Self.knownVersions.lowerBound,
      compatibleVersion <= Self.knownVersions.upperBound
    else { throw problem("is of a version that is not known", value: version) }
    guard compatibleVersion <= version else {
      throw problem(
        "is older than the version that it says it is compatible with", value: compatibleVersion)
    }
    let hasStructureByteCount = version >= Header.structureSizeVersion
    byteCount = hasStructureByteCount ? Header.byteCount : Header.oldByteCount
    let totalByteCount = try load(Header.totalSize)
    guard totalByteCount <= Self.byteCountLimit else {
      throw problem("is larger than 2 MiB, has size", value: totalByteCount)
    }
    self.totalByteCount = UInt64(totalByteCount)
    structureOffset = UInt64(try load(Header.structureOffset))
    stringsOffset = UInt64(try load(Header.stringsOffset))
    reservationsOffset = UInt64(try load(Header.reservationsOffset))
    stringsByteCount = UInt64(try load(Header.stringsSize))
    structureByteCount = hasStructureByteCount ? UInt64(try load(Header.structureSize)) : nil
  }
}
