// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The data that the BIOS of a PC left at address 0x400.
///
/// A board without a BIOS has zeros there.
///
/// Source: Ralf Brown's Interrupt List, MEMORY.LST.
public struct BIOSDataArea {
  /// The bytes of the area.
  public static var range: AddressRange { AddressRange(0x400..<0x500) }

  /// The mode of the video adapter; 2 and 3 are 80-column text.
  public let videoMode: UInt8

  /// The extended BIOS data area; nil if there is none.
  public let extendedArea: AddressRange?

  private static var endOfConventionalMemory: UInt64 { 0xa0000 }

  /// The lowest address, in units of 16 bytes, that the extended area can have: just past the first
  /// 64 KiB.
  private static var leastSegment: UInt16 { 0x1000 }

  /// Reads the area.
  public init(in memory: some PhysicalMemoryReader) {
    videoMode = memory.load(at: PhysicalAddress(0x449)) ?? 0
    let segment: UInt16 = memory.load(at: PhysicalAddress(0x40e)) ?? 0
    let start = PhysicalAddress(UInt64(segment) << 4)
    guard segment >= Self.leastSegment, start.rawValue < Self.endOfConventionalMemory else {
      extendedArea = nil
      return
    }
    // Its first byte is its size in KiB.
    let size: UInt8 = memory.load(at: start) ?? 0
    let room = Self.endOfConventionalMemory - start.rawValue
    extendedArea = AddressRange(
      start: start, byteCount: size == 0 ? room : min(UInt64(size) << 10, room))
  }
}
