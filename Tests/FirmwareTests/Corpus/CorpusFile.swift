// SPDX-License-Identifier: MIT
import Foundation

/// A file of `Tests/Fixtures/firmware-maps`, split into its header and its lines.
struct CorpusFile {
  let name: String
  /// The lines that start with `#`, without it.
  let header: [String]
  /// The other lines, split at blanks.
  let lines: [[String]]

  init(_ url: URL) throws {
    name = url.lastPathComponent
    let all = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    header = all.filter { $0.hasPrefix("# ") }.map { String($0.dropFirst(2)) }
    lines = all.filter { !$0.hasPrefix("#") }.map {
      $0.split(separator: " ").map { String($0) }
    }
  }

  /// All files with this extension in a folder of the corpus, by name.
  static func all(in folder: String, extension suffix: String) throws -> [CorpusFile] {
    let directory = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/firmware-maps/\(folder)")
    return try FileManager.default
      .contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == suffix }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { try CorpusFile($0) }
  }

  /// Whether memory of the log and table were found consistent when the corpus was gathered.
  var saysEarlyNodeAgrees: Bool { header.contains("check: early_node agrees") }

  /// The parameters of the kernel's command line that change memory.
  var bootArguments: String? {
    header.first { $0.hasPrefix("boot: ") }.map { String($0.dropFirst(6)) }
  }

  /// What the kernel printed under `name`, each split at blanks, with its place in the header.
  func expectations(_ name: String) -> [(place: Int, words: [String])] {
    header.enumerated().compactMap { place, line in
      let words = line.split(separator: " ").map { String($0) }
      guard words.count > 2, words[0] == "expect:", words[1] == name else { return nil }
      return (place, Array(words.dropFirst(2)))
    }
  }

  /// The memory of each node that Linux gave to its early allocator, sorted, neighbours merged.
  var earlyNodes: [(node: Int, pages: ClosedRange<UInt64>)] {
    let printed = expectations("early_node").compactMap {
      expectation -> (node: Int, first: UInt64, last: UInt64)? in
      guard let node = Int(expectation.words[0]), let first = number(expectation.words[1]),
        let last = number(expectation.words[2])
      else { return nil }
      return (node, first >> 12, last >> 12)
    }
    var merged: [(node: Int, pages: ClosedRange<UInt64>)] = []
    for range in printed.sorted(by: { $0.first < $1.first }) {
      if let previous = merged.last, previous.node == range.node,
        previous.pages.upperBound + 1 >= range.first
      {
        let last = max(previous.pages.upperBound, range.last)
        merged[merged.count - 1].pages = previous.pages.lowerBound...last
      } else {
        merged.append((range.node, range.first...range.last))
      }
    }
    return merged
  }

  /// The ranges, END exclusive, that the kernel's edits took away before memory reached its early
  /// allocator.
  var fixups: [Range<UInt64>] {
    let lastPFN = expectations("last_pfn").last?.place ?? .max
    return expectations("e820_fix").filter { $0.place < lastPFN }.compactMap {
      expectation -> Range<UInt64>? in
      let text = expectation.words.joined(separator: " ")
      let range = /(?:\[mem 0x(\w+)-0x(\w+)\]|(\w{16}) - (\w{16}))(.*)/
      guard let match = text.firstMatch(of: range) else { return nil }
      guard let start = UInt64(match.1 ?? match.3 ?? "", radix: 16),
        let end = match.2.flatMap({ UInt64($0, radix: 16) }).map({ $0 + 1 })
          ?? match.4.flatMap({ UInt64($0, radix: 16) })
      else { return nil }
      let change = match.5.filter { $0 != "(" && $0 != ")" }
      let takesAway =
        expectation.words[0] == "remove"
        ? change.contains("usable") : change.contains("==>") && !change.contains("==> usable")
      return takesAway ? start..<end : nil
    }
  }
}

/// The number that `text` is in hexadecimal, with or without `0x`.
func number(_ text: String) -> UInt64? {
  UInt64(text.hasPrefix("0x") ? String(text.dropFirst(2)) : text, radix: 16)
}

/// Ranges in ascending order, those that follow on one another merged.
func merged(_ ranges: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
  var merged: [ClosedRange<UInt64>] = []
  for range in ranges {
    if let last = merged.last, last.upperBound + 1 >= range.lowerBound {
      merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    } else {
      merged.append(range)
    }
  }
  return merged
}
