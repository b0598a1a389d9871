// SPDX-License-Identifier: MIT
import Firmware
import Testing

/// The affinities of 28 real machines, read as the binary ACPI tables that they were.
@Suite struct NodeCorpusTests {
  /// A line of a file.
  private struct Entry {
    let node: Int
    let domain: UInt32
    let range: Range<UInt64>
    let flags: UInt32
  }

  private func entries(of file: CorpusFile) throws -> [Entry] {
    try file.lines.map { words in
      let start = try #require(number(words[2]))
      let end = try #require(number(words[3]))
      let flags = words[4].split(separator: "+")
      return Entry(
        node: try #require(Int(words[0])), domain: try #require(UInt32(words[1])),
        range: start..<end,
        flags: 1 | (flags.contains("hotplug") ? 2 : 0) | (flags.contains("non-volatile") ? 4 : 0))
    }
  }

  /// The table, with a processor for each node in their order, as it came before the memory.
  private func tables(_ entries: [Entry]) -> ACPIBuilder {
    var tables = ACPIBuilder()
    for node in 0...(entries.map(\.node).max() ?? 0) {
      let domain = entries.first { $0.node == node }?.domain ?? UInt32(node)
      tables.append(type: 2, byteCount: 24, domain: domain, at: 4, flagsAt: 12)
    }
    for entry in entries {
      tables.appendMemory(
        domain: entry.domain, start: entry.range.lowerBound,
        byteCount: UInt64(entry.range.count), flags: entry.flags)
    }
    return tables
  }

  private func text(_ node: Int, _ pages: ClosedRange<UInt64>) -> String {
    "\(node):\(String(pages.lowerBound, radix: 16))-\(String(pages.upperBound, radix: 16))"
  }

  @Test func nodes_equalLinux() throws {
    let files = try CorpusFile.all(in: "numa", extension: "numa")
    #expect(files.count == 28)
    var printedCount = 0
    for file in files {
      let entries = try entries(of: file)
      var expected = file.earlyNodes
      if expected.isEmpty {
        // Linux's result is not in the log; its table is, with the node of each entry.
        expected = entries.map {
          ($0.node, $0.range.lowerBound >> 12...($0.range.upperBound >> 12) - 1)
        }.sorted { $0.1.lowerBound < $1.1.lowerBound }
      } else {
        printedCount += 1
      }
      let usable = expected.map { $0.pages.lowerBound << 12..<($0.pages.upperBound + 1) << 12 }
      let result = try NodeResult(tables(entries).memory(isExtended: true), usable: usable)
      #expect(result.reports == "", "\(file.name)")
      #expect(result.conflictCount == 0, "\(file.name)")
      #expect(
        merged(result.ranges) == merged(expected.map { text($0.node, $0.pages) }), "\(file.name)")
      for entry in entries {
        #expect(result.domains[entry.node] == entry.domain, "\(file.name)")
      }
    }
    #expect(printedCount == 23)
  }

  /// The ranges with neighbours of one node merged.
  private func merged(_ ranges: [String]) -> [String] {
    var merged: [(node: String, first: UInt64, last: UInt64)] = []
    for range in ranges {
      let parts = range.split { ":-".contains($0) }.map { String($0) }
      let (first, last) = (number(parts[1]) ?? 0, number(parts[2]) ?? 0)
      if let previous = merged.last, previous.node == parts[0], previous.last + 1 == first {
        merged[merged.count - 1].last = last
      } else {
        merged.append((parts[0], first, last))
      }
    }
    return merged.map { "\($0.node):\($0.first)-\($0.last)" }
  }
}
