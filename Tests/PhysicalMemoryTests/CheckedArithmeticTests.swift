// SPDX-License-Identifier: MIT
import PhysicalMemory
import Testing

@Suite struct CheckedArithmeticTests {
  private let topBit: UInt64 = 1 << 63

  @Test func roundedDown_toMultiple() {
    #expect((0 as UInt64).roundedDown(toMultipleOf: 4096) == 0)
    #expect((4095 as UInt64).roundedDown(toMultipleOf: 4096) == 0)
    #expect((4096 as UInt64).roundedDown(toMultipleOf: 4096) == 4096)
    #expect((4097 as UInt64).roundedDown(toMultipleOf: 4096) == 4096)
  }

  @Test func roundedDown_ofLargestNumber() {
    #expect(UInt64.max.roundedDown(toMultipleOf: 1) == .max)
    #expect(UInt64.max.roundedDown(toMultipleOf: 4096) == 0xffff_ffff_ffff_f000)
    #expect(UInt64.max.roundedDown(toMultipleOf: topBit) == topBit)
  }

  @Test func roundedUp_toMultiple() {
    #expect((0 as UInt64).roundedUp(toMultipleOf: 4096) == 0)
    #expect((1 as UInt64).roundedUp(toMultipleOf: 4096) == 4096)
    #expect((4096 as UInt64).roundedUp(toMultipleOf: 4096) == 4096)
    #expect((4097 as UInt64).roundedUp(toMultipleOf: 4096) == 8192)
  }

  @Test func roundedUp_upToLargestMultiple() {
    #expect(UInt64.max.roundedUp(toMultipleOf: 1) == .max)
    let last: UInt64 = 0xffff_ffff_ffff_f000
    #expect(last.roundedUp(toMultipleOf: 4096) == last)
    #expect((last - 4095).roundedUp(toMultipleOf: 4096) == last)
    #expect((1 as UInt64).roundedUp(toMultipleOf: topBit) == topBit)
  }

  @Test func roundedUp_beyond64BitsIsNil() {
    #expect((0xffff_ffff_ffff_f001 as UInt64).roundedUp(toMultipleOf: 4096) == nil)
    #expect(UInt64.max.roundedUp(toMultipleOf: 2) == nil)
    #expect((topBit + 1).roundedUp(toMultipleOf: topBit) == nil)
  }

  @Test func isPowerOfTwo_forEveryBit() {
    for bit in 0..<UInt64(64) {
      #expect((1 << bit as UInt64).isPowerOfTwo)
    }
  }

  @Test(arguments: [0, 3, 6, 4095, (1 << 63) + 1, .max] as [UInt64])
  func isPowerOfTwo_notForOthers(value: UInt64) {
    #expect(!value.isPowerOfTwo)
  }

  @Test func rounding_toNoPowerOfTwoTraps() async {
    await #expect(processExitsWith: .failure) { _ = UInt64(8).roundedDown(toMultipleOf: 0) }
    await #expect(processExitsWith: .failure) { _ = UInt64(8).roundedUp(toMultipleOf: 3) }
  }
}
