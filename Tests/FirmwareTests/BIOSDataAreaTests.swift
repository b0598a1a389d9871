// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import TestSupport
import Testing

@Suite struct BIOSDataAreaTests {
  /// The area with the extended one at 16 times `segment`, of so many KiB.
  private func area(segment: UInt16, kibibyteCount: UInt8, videoMode: UInt8 = 3) -> BIOSDataArea {
    var low = [UInt8](repeating: 0, count: 0xa_0000)
    low[0x40e] = UInt8(truncatingIfNeeded: segment)
    low[0x40f] = UInt8(segment >> 8)
    low[0x449] = videoMode
    let start = Int(segment) << 4
    if start < low.count { low[start] = kibibyteCount }
    var memory = FakeMemory()
    memory.put(low, at: 0)
    return BIOSDataArea(in: memory)
  }

  @Test func extendedArea_isAsLargeAsItSays() {
    #expect(
      area(segment: 0x9fc0, kibibyteCount: 1).extendedArea == AddressRange(0x9_fc00..<0xa_0000))
    #expect(
      area(segment: 0x9000, kibibyteCount: 4).extendedArea == AddressRange(0x9_0000..<0x9_1000))
  }

  @Test func extendedArea_endsWithConventionalMemory() {
    #expect(
      area(segment: 0x9fc0, kibibyteCount: 9).extendedArea == AddressRange(0x9_fc00..<0xa_0000))
    // A BIOS that does not say the size has all of it.
    #expect(
      area(segment: 0x9fc0, kibibyteCount: 0).extendedArea == AddressRange(0x9_fc00..<0xa_0000))
  }

  @Test func extendedArea_whereNoneCanBe_isNone() {
    #expect(area(segment: 0, kibibyteCount: 1).extendedArea == nil)
    #expect(area(segment: 0xfff, kibibyteCount: 1).extendedArea == nil)
    #expect(area(segment: 0xa000, kibibyteCount: 1).extendedArea == nil)
  }

  @Test func videoMode_isTheOneOfTheArea() {
    #expect(area(segment: 0, kibibyteCount: 0, videoMode: 7).videoMode == 7)
    #expect(BIOSDataArea(in: FakeMemory()).videoMode == 0)
  }
}
