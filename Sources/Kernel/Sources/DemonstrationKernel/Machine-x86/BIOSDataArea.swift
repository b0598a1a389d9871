// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory

/// What the BIOS left at address 0x400.  A board without a BIOS has zeros there.
struct BIOSDataArea {
  /// The bytes of the area.
  static var range: AddressRange? {
    AddressRange(start: PhysicalAddress(0x400), byteCount: 0x100)
  }

  /// The mode of the video adapter; 2 and 3 are text of 80 columns.
  let videoMode: UInt8

  /// The extended BIOS data area; nil if there is none.
  let extendedArea: AddressRange?

  private static let endOfConventionalMemory: UInt64 = 0xa0000

  /// Reads the area.
  init(in memory: some PhysicalMemoryReader) {
    videoMode = memory.load(at: PhysicalAddress(0x449)) ?? 0
    let segment: UInt16 = memory.load(at: PhysicalAddress(0x40e)) ?? 0
    let start = PhysicalAddress(UInt64(segment) << 4)
    // Its first byte is its size in KiB.
    let size: UInt8 = memory.load(at: start) ?? 0
    // A segment below the first 64 KiB or above conventional memory is no place for it.
    guard segment >= 0x1000, start.rawValue < Self.endOfConventionalMemory else {
      extendedArea = nil
      return
    }
    let room = Self.endOfConventionalMemory - start.rawValue
    extendedArea = AddressRange(
      start: start, byteCount: size == 0 ? room : min(UInt64(size) << 10, room))
  }
}

extension OwnerTable {
  /// Adds what the firmware keeps outside of its memory map.
  mutating func addFirmwareAreas(in memory: some PhysicalMemoryReader) throws(BootPlanError) {
    if let range = BIOSDataArea.range { try add(range, .biosData) }
    if let range = BIOSDataArea(in: memory).extendedArea { try add(range, .extendedBIOSData) }
  }
}
#endif
