// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct E820TableTests {
  private func table(_ entries: [(UInt64, UInt64, UInt32)], padding: Int = 0) -> [UInt8] {
    var table = ByteBuilder()
    for (start, byteCount, type) in entries {
      table.append(start)
      table.append(byteCount)
      table.append(type)
      table.append(Array(repeating: 0xcc, count: padding))
    }
    return table.bytes
  }

  private func read(_ bytes: [UInt8], count: UInt64, entryByteCount: UInt64 = 20) -> BootResult {
    var memory = FakeMemory()
    memory.put(bytes, at: 0x8000)
    return BootResult(
      E820Table(entryCount: count, entryByteCount: entryByteCount), at: 0x8000, in: memory,
      regionCapacity: 400)
  }

  @Test func read_namesEveryType() {
    let types: [UInt32] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 0, 99, 0xefff_ffff]
    let entries = types.enumerated().map { (UInt64($0.offset) << 12, UInt64(0x1000), $0.element) }
    let kinds = read(table(entries), count: UInt64(types.count)).regions
      .split(separator: "\n").map { $0.split(separator: " ")[1] }
    #expect(
      kinds == [
        "usable", "reserved", "acpi_data", "acpi_nvs", "unusable", "reserved", "persistent",
        "reserved", "persistent", "reserved", "reserved", "soft_reserved",
      ])
  }

  @Test func read_entriesOf24Bytes() {
    let bytes = table([(0, 0x1000, 1), (0x1000, 0x1000, 2)], padding: 4)
    #expect(
      read(bytes, count: 2, entryByteCount: 24).regions == """
          0000000000000000-0000000000000fff usable        4 KiB
          0000000000001000-0000000000001fff reserved      4 KiB

        """)
  }

  // A desktop was seen with 312.
  @Test func read_312Entries() {
    let entries = (0..<UInt64(312)).map { ($0 << 13, UInt64(0x1000), UInt32(1)) }
    let result = read(table(entries), count: 312)
    #expect(result.error == nil)
    #expect(result.regions.split(separator: "\n").count == 312)
  }

  @Test func read_emptyEntriesAreKeptAsGiven() {
    #expect(
      read(table([(0, 0x1000, 1), (0, 0, 0)]), count: 2).regions == """
          0000000000000000-0000000000000fff usable        4 KiB
          0000000000000000-................ reserved      0 B

        """)
  }

  @Test func read_tableCutOffIsReadUpToThere() {
    let result = read(Array(table([(0, 0x1000, 1), (0x1000, 0x1000, 1)]).dropLast()), count: 2)
    #expect(result.regions == "  0000000000000000-0000000000000fff usable        4 KiB\n")
    #expect(
      result.reports
        == "firmware: e820 entry 1 at 0x8014: is out of reach, as are all behind it\n")
  }

  @Test func read_hugeCountDoesNotWrap() {
    let result = read(table([(0, 0x1000, 1)]), count: .max)
    #expect(result.error == nil)
    #expect(result.reports.contains("with a size of: 0xffffffffffffffff"))
  }

  @Test func read_emptyTableIsAnError() {
    #expect(read([], count: 0).error == "e820 table at 0x8000: has no entry in reach")
    #expect(read([], count: 3).error == "e820 table at 0x8000: has no entry in reach")
  }

  @Test func read_entriesTooSmallAreRefused() {
    let result = read(table([(0, 0x1000, 1)]), count: 1, entryByteCount: 16)
    #expect(result.reports == "firmware: e820 entry at 0x8000: is too small, has size: 0x10\n")
    #expect(result.error != nil)
  }

  @Test func read_defectsInEveryEntry_areReportedFirstAndCounted() {
    let entries = Array(repeating: (UInt64.max - 9, UInt64(20), UInt32(1)), count: 400)
    let result = read(table(entries), count: 400)
    let lines = result.reports.split(separator: "\n")
    #expect(lines.count == 17)
    #expect(lines[15].hasPrefix("firmware: e820 entry 15 at 0xfffffffffffffff6: clipped"))
    #expect(lines[16] == "and 384 more reports of this kind")
    #expect(result.error == nil)
  }
}
