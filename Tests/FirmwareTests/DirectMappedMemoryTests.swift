// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct DirectMappedMemoryTests {
  /// Gives `body` 16 bytes, 0 to 15, that lie at physical address 0x1000.
  private func withMemory(_ body: (DirectMappedMemory) -> Void) throws {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 16)
    defer { unsafe bytes.deallocate() }
    for index in 0..<16 { unsafe bytes.initializeElement(at: index, to: UInt8(index)) }
    let address = UInt(bitPattern: bytes.baseAddress)
    let reach = try #require(AddressRange(start: PhysicalAddress(0x1000), byteCount: 16))
    body(unsafe DirectMappedMemory(reach: reach, offset: address &- 0x1000))
  }

  @Test func load_isLittleEndian() throws {
    try withMemory { memory in
      #expect(memory.byte(at: PhysicalAddress(0x100f)) == 15)
      #expect(memory.load(UInt16.self, at: PhysicalAddress(0x1001)) == 0x0201)
      #expect(memory.load(UInt64.self, at: PhysicalAddress(0x1008)) == 0x0f0e_0d0c_0b0a_0908)
    }
  }

  @Test func load_outOfReachIsNil() throws {
    try withMemory { memory in
      for address: UInt64 in [0, 0xfff, 0x1010, .max] {
        #expect(memory.byte(at: PhysicalAddress(address)) == nil)
      }
      #expect(memory.load(UInt32.self, at: PhysicalAddress(0x100d)) == nil)
      #expect(memory.load(UInt32.self, at: PhysicalAddress(0xffe)) == nil)
      #expect(memory.load(UInt32.self, at: PhysicalAddress(.max - 1)) == nil)
    }
  }

  @Test func load_ofMoreThan64BitsTraps() async {
    await #expect(processExitsWith: .failure) {
      let reach = AddressRange(start: PhysicalAddress(0x1000), byteCount: 0)!
      _ = unsafe DirectMappedMemory(reach: reach).load(UInt128.self, at: PhysicalAddress(0x1000))
    }
  }

  @Test func byte_atVirtualAddressZeroIsOutOfReach() throws {
    let reach = try #require(AddressRange(start: PhysicalAddress(0), byteCount: 1))
    #expect(unsafe DirectMappedMemory(reach: reach).byte(at: PhysicalAddress(0)) == nil)
  }
}
