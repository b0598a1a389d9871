// SPDX-License-Identifier: MIT
import Foundation
import MapFiles
import MemoryMap
import Testing

/// Every table of the corpus of real machines is read as a whole.
@Suite struct CorpusTests {
  static let directory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "../../../Tests/Fixtures/firmware-maps")

  static func files(_ folder: String, _ suffixes: [String]) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: directory.appending(path: folder).path)
    return (names ?? []).sorted().filter { name in suffixes.contains { name.hasSuffix($0) } }
      .map { "\(folder)/\($0)" }
  }

  private func read(_ path: String) throws -> (file: MapFile, lineCount: Int) {
    let data = try Data(contentsOf: Self.directory.appending(path: path))
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    return (
      try MapFile(reading: Array(data), name: path), lines.filter { !$0.hasPrefix("#") }.count
    )
  }

  @Test func maps_areReadLineForLine() throws {
    let paths =
      Self.files("e820", [".e820"])
      + Self.files("efi", [".efi"])
    #expect(paths.count >= 311)
    for path in paths {
      let (file, lineCount) = try read(path)
      #expect(file.form == .table)
      #expect(file.entries.count == lineCount, "\(path)")
      let isUsable = file.regions.contains { $0.kind == .usable }
      #expect((SanitizedMap(file.regions).map.usablePageCount() > 0) == isUsable, "\(path)")
    }
  }

  @Test func nodes_areReadLineForLine() throws {
    let paths = Self.files("numa", [".numa"])
    #expect(paths.count == 28)
    for path in paths {
      let (file, lineCount) = try read(path)
      #expect(file.form == .nodes)
      #expect(file.nodes.count == lineCount, "\(path)")
    }
  }
}
