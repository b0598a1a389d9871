// SPDX-License-Identifier: MIT
// A browser has its own JSON.
#if canImport(Foundation)
import Foundation
import MapFiles
import MemoryMap
import PhysicalMemory

extension MapReport {
  /// A report in JSON: addresses and sizes in bytes are strings in hexadecimal, since many readers
  /// keep numbers as floating point; counts of pages are numbers.
  public struct Document: Encodable {
    struct Region: Encodable {
      var start: String
      /// Left out for an empty region.
      var last: String?
      var byteCount: String
      var kind: String
      /// What the file calls the kind.
      var name: String?
      var line: Int?
    }

    struct Pages: Encodable {
      var first: String
      var last: String
    }

    struct Node: Encodable {
      var node: Int
      var proximityDomain: UInt64
      var start: String
      var last: String?
      var isHotPluggable: Bool
      var line: Int?
    }

    struct HotPluggable: Encodable {
      var start: String
      var last: String?
      var byteCount: String
    }

    struct Held: Encodable {
      var start: String
      var last: String?
      var byteCount: String
      var owner: String
    }

    var file: String
    var form: String
    var commandLine: String?
    var notes: [String]
    var given: [Region]
    var sanitised: [Region]
    var nodes: [Node]
    var hotPluggable: [HotPluggable]
    var held: [Held]
    var usablePageRanges: [Pages]
    /// The ranges of usable pages that have no owner.
    var freePageRanges: [Pages]
    var usablePageCount: UInt64
    var partialPageByteCount: UInt64
  }

  /// The report as a document to be encoded.
  public var document: Document {
    func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
    func region(_ region: MemoryRegion, name: String? = nil, line: Int? = nil) -> Document.Region {
      Document.Region(
        start: hex(region.range.start.rawValue), last: region.range.last.map { hex($0.rawValue) },
        byteCount: hex(region.range.byteCount), kind: "\(region.kind.name)", name: name,
        line: line)
    }
    func pages(_ ranges: some Sequence<PageRange>) -> [Document.Pages] {
      ranges.map { Document.Pages(first: hex($0.start.number), last: hex($0.end.number - 1)) }
    }
    return Document(
      file: name, form: file.form.rawValue,
      commandLine: file.commandLine.isEmpty ? nil : file.commandLine, notes: account.notes,
      given: file.entries.map { region($0.region, name: $0.kindName, line: $0.line) },
      sanitised: map.regions.map { region($0) },
      nodes: account.nodes.map {
        Document.Node(
          node: $0.node, proximityDomain: $0.proximityDomain,
          start: hex($0.range.start.rawValue), last: $0.range.last.map { hex($0.rawValue) },
          isHotPluggable: $0.isHotPluggable, line: $0.line)
      },
      hotPluggable: account.hotPluggable.map {
        Document.HotPluggable(
          start: hex($0.start.rawValue), last: $0.last.map { hex($0.rawValue) },
          byteCount: hex($0.byteCount))
      },
      held: holders.map {
        Document.Held(
          start: hex($0.range.start.rawValue), last: $0.range.last.map { hex($0.rawValue) },
          byteCount: hex($0.range.byteCount), owner: $0.name)
      },
      usablePageRanges: pages(map.usablePages()), freePageRanges: pages(freePages),
      usablePageCount: map.usablePageCount(), partialPageByteCount: map.partialPageByteCount)
  }

  /// Several reports as one text in JSON: an object whose `maps` lists them.
  ///
  /// - Throws: Any error of the encoder; none is expected.
  public static func json(_ reports: [MapReport]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(["maps": reports.map(\.document)])
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
#endif
