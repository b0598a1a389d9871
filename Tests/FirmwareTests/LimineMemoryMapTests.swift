// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct LimineMemoryMapTests {
  private static let offset: UInt64 = 0xffff_8000_0000_0000

  /// The response at 0x5000, pointers to entries at 0x5100, entries from 0x5200 on.
  private func blocks(
    _ entries: [(start: UInt64, byteCount: UInt64, type: UInt64)], count: UInt64? = nil,
    list: UInt64 = 0x5100 + offset
  ) -> [(address: UInt64, bytes: [UInt8])] {
    var response = ByteBuilder()
    response.append(UInt64(0))
    response.append(count ?? UInt64(entries.count))
    response.append(list)
    var pointers = ByteBuilder()
    var contents = ByteBuilder()
    for (index, entry) in entries.enumerated() {
      pointers.append(Self.offset + 0x5200 + UInt64(index * 24))
      contents.append(entry.start)
      contents.append(entry.byteCount)
      contents.append(entry.type)
    }
    return [(0x5000, response.bytes), (0x5100, pointers.bytes), (0x5200, contents.bytes)]
  }

  private func read(_ blocks: [(address: UInt64, bytes: [UInt8])]) -> BootResult {
    var memory = FakeMemory()
    for block in blocks { memory.put(block.bytes, at: block.address) }
    return BootResult(LimineMemoryMap(directMapOffset: Self.offset), at: 0x5000, in: memory)
  }

  @Test func read_namesEveryTypeAndWhoHoldsMemory() {
    let result = read(blocks((0...9).map { ($0 << 12, 0x1000, $0) }))
    #expect(result.error == nil)
    #expect(
      result.regions.split(separator: "\n").map { $0.split(separator: " ")[1] } == [
        "usable", "reserved", "acpi_data", "acpi_nvs", "unusable", "usable", "usable", "reserved",
        "reserved", "reserved",
      ])
    #expect(
      result.heldRanges == """
          0000000000005000-0000000000005fff loader
          0000000000006000-0000000000006fff kernel and modules

        """)
  }

  @Test func read_pointerBelowTheDirectMapIsRefused() {
    #expect(
      read(blocks([(0, 0x1000, 0)], list: 0x5100)).error
        == "Limine memory map response at 0x5000: points outside the direct map: 0x5100")
    var damaged = blocks([(0, 0x1000, 0), (0x1000, 0x1000, 0)])
    damaged[1].bytes.replaceSubrange(0..<8, with: [0x10, 0, 0, 0, 0, 0, 0, 0])
    let result = read(damaged)
    #expect(result.regions == "  0000000000001000-0000000000001fff usable        4 KiB\n")
    #expect(
      result.reports
        == "firmware: Limine memory map entry 0: is out of reach, its pointer is: 0x10\n")
  }

  @Test func read_hugeCountIsReadAsFarAsMemoryGoes() {
    let result = read(blocks([(0, 0x1000, 0)], count: .max))
    #expect(result.error == nil)
    #expect(
      result.reports.contains("Limine memory map at 0x5100: is too large, and read in part only"))
    #expect(result.reports.contains("entry 1 at 0x5100: is out of reach, as are all behind it"))
  }

  @Test func read_damagedAnywhereNeverTraps() {
    readDamaged(
      LimineMemoryMap(directMapOffset: Self.offset), blocks([(0, 0x1000, 0), (0x1000, 0x1000, 5)]),
      errors: (cut: 56, changed: 26))
  }
}
