// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// Every size, count and address is the same wild number, and all of it can be read: a reader that
/// follows them as they are does not come to an end.
@Suite struct EndlessMemoryTests {
  @Test(arguments: [0, 1, 0xff] as [UInt8])
  func everyReaderEnds(value: UInt8) throws {
    let memory = EndlessMemory(value: value)
    let results = [
      BootResult(Multiboot1(), at: 0x9000, in: memory),
      BootResult(Multiboot2(), at: 0x9000, in: memory),
      BootResult(PVHStartInformation(), at: 0x9000, in: memory),
      BootResult(LinuxBootParameters(), at: 0x9000, in: memory),
      BootResult(LimineMemoryMap(directMapOffset: 0), at: 0x9000, in: memory),
      BootResult(E820Table(entryCount: .max), at: 0x9000, in: memory),
      BootResult(
        EFIMemoryMap(byteCount: .max, descriptorByteCount: 40), at: 0x9000, in: memory),
    ]
    for result in results {
      #expect((result.error == nil) == !result.regions.isEmpty)
      #expect(result.error == nil || result.heldRanges.isEmpty)
    }
    let nodes = try NodeResult(memory, rootPointer: 0x9000, usable: [0..<0x10000])
    #expect(nodes.nodeCount == 1)
    #expect(!memory.isExhausted)
  }
}
