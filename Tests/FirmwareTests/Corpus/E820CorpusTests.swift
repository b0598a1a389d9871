// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// The memory maps of 311 real machines, read as the binary tables that they were.
@Suite struct E820CorpusTests {
  /// A line of a table.
  private struct Entry {
    let start: UInt64
    let end: UInt64
    let type: UInt32
  }

  /// What Linux never uses, whatever the map says: page 0, and the hole of the VGA adapter.
  private static let neverUsed: [Range<UInt64>] = [0..<0x1000, 0xa_0000..<0x10_0000]

  private func entries(of file: CorpusFile) throws -> [Entry] {
    try file.lines.map { words in
      let start = try #require(number(words[0]))
      let end = try #require(number(words[1]))
      return Entry(start: start, end: end, type: try #require(e820Type(words[2])))
    }
  }

  private func e820Type(_ name: String) -> UInt32? {
    switch name {
    case "usable": 1
    case "reserved": 2
    case "acpi_data": 3
    case "acpi_nvs": 4
    case "unusable": 5
    case "persistent", "persistent_type7": 7
    case "persistent_type12": 12
    case "soft_reserved": 0xefff_ffff
    default: UInt32(name.dropFirst("type".count))
    }
  }

  private func map(
    of entries: [Entry], removing removed: [Range<UInt64>] = []
  ) throws -> CorpusMap {
    var table = ByteBuilder()
    for entry in entries {
      table.append(entry.start)
      table.append(entry.end &- entry.start)
      table.append(entry.type)
    }
    return try CorpusMap(
      E820Table(entryCount: UInt64(entries.count)), table.bytes, removing: removed)
  }

  /// The usable bytes of a table, found address by address in the plainest way.
  private func usableByteCount(_ entries: [Entry]) -> UInt64 {
    let borders = Set(entries.flatMap { [$0.start, $0.end] }).sorted()
    var count: UInt64 = 0
    for (start, end) in zip(borders, borders.dropFirst()) {
      let here = entries.filter { $0.start <= start && start < $0.end }
      if !here.isEmpty && here.allSatisfy({ $0.type == 1 }) { count += end - start }
    }
    return count
  }

  @Test func usablePages_equalLinuxOn252Machines() throws {
    let files = try CorpusFile.all(in: "e820", extension: "e820").filter(\.saysEarlyNodeAgrees)
    #expect(files.count == 252)
    for file in files {
      let map = try map(of: entries(of: file), removing: Self.neverUsed + file.fixups)
      let expected = merged(file.earlyNodes.map(\.pages))
      #expect(!expected.isEmpty, "\(file.name)")
      #expect(map.usable == expected, "\(file.name)")
    }
  }

  @Test func everyUsableByteIsAccountedForOn311Machines() throws {
    let files = try CorpusFile.all(in: "e820", extension: "e820")
    #expect(files.count == 311)
    for file in files {
      let entries = try entries(of: file)
      let map = try map(of: entries)
      #expect(map.regionCount == file.lines.count, "\(file.name)")
      #expect(map.reports == "", "\(file.name)")
      let pageCount = map.usable.reduce(0) { $0 + UInt64($1.count) }
      #expect(
        pageCount << 12 + map.partialPageByteCount == usableByteCount(entries), "\(file.name)")
    }
  }
}
