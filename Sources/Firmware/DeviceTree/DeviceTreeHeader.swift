// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The header of a flattened device tree.
///
/// Source: Devicetree Specification 0.4, section 5.2.
struct DeviceTreeHeader {
  /// The versions whose form this module knows: 16, and 17 with the structure block's size.
  private static var knownVersions: ClosedRange<UInt32> { 16...17 }

  /// The largest tree that is read, which is Linux's limit too.
  private static var byteCountLimit: UInt32 { 2 << 20 }

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

  /// The size of the block of strings.
  let stringsByteCount: UInt64

  /// Reads the header at `address`.
  ///
  /// - Throws: An error if it is out of reach, none at all, or of a version or size that cannot be
  ///   read.
  init(at address: PhysicalAddress, in memory: some PhysicalMemoryReader) throws(FirmwareError) {
    let fields = BoundedBytes(memory, at: address, byteCount: 40)
    func problem(_ complaint: StaticString, value: UInt32? = nil) -> FirmwareError {
      .unreadable(
        FirmwareProblem("device tree", at: address, complaint, value: value.map { UInt64($0) }))
    }
    func field(_ number: UInt64) throws(FirmwareError) -> UInt32 {
      guard let value = fields.loadBigEndian(UInt32.self, at: number * 4) else {
        throw problem("is out of reach")
      }
      return value
    }
    let magic = try field(0)
    guard magic == DeviceTreeBlob.magic else {
      throw problem("starts with another number", value: magic)
    }
    let version = try field(5)
    let compatibleVersion = try field(6)
    guard version >= Self.knownVersions.lowerBound,
      compatibleVersion <= Self.knownVersions.upperBound
    else { throw problem("is of a version that is not known", value: version) }
    let hasStructureByteCount = version >= 17
    byteCount = hasStructureByteCount ? 40 : 36
    let totalByteCount = try field(1)
    guard totalByteCount <= Self.byteCountLimit else {
      throw problem("is larger than 2 MiB, has size", value: totalByteCount)
    }
    self.totalByteCount = UInt64(totalByteCount)
    structureOffset = UInt64(try field(2))
    stringsOffset = UInt64(try field(3))
    reservationsOffset = UInt64(try field(4))
    stringsByteCount = UInt64(try field(8))
    structureByteCount = hasStructureByteCount ? UInt64(try field(9)) : nil
  }
}
