// SPDX-License-Identifier: MIT
import BitmapTestSupport
import Testing

@Suite struct GuardedMemoryTests {
  @Test(arguments: [-4096, -4095, -1, 64, 65, 64 + 4095])
  func aByteBesideTheMemory_isNoticed(offset: Int) {
    let memory = GuardedMemory(byteCount: 64)
    #expect(memory.isGuardIntact)
    let place = unsafe memory.bytes.baseAddress! + offset
    let guardByte = unsafe place.load(as: UInt8.self)
    unsafe place.storeBytes(of: ~guardByte, as: UInt8.self)
    #expect(!memory.isGuardIntact)
    // For the check at its end.
    unsafe place.storeBytes(of: guardByte, as: UInt8.self)
    #expect(memory.isGuardIntact)
  }
}
