// SPDX-License-Identifier: MIT
import Foundation
import MapFiles
import MemoryMap

extension MapReport {
  /// A report in JSON: addresses are strings in hexadecimal, since many readers keep numbers as
  /// floating point, sizes in bytes are too; counts of pages are numbers.
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

    var file: String
    var form: String
    var notes: [String]
    var given: [Region]
    var sanitised: [Region]
    var nodes: [Node]
    var usablePageRanges: [Pages]
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
    return Document(
      file: name, form: file.form.rawValue, notes: file.notes,
      given: file.entries.map { region($0.region, name: $0.kindName, line: $0.line) },
      sanitised: sanitized.regions.map { region($0) },
      nodes: file.nodes.map {
        Document.Node(
          node: $0.node, proximityDomain: $0.proximityDomain,
          start: hex($0.range.start.rawValue), last: $0.range.last.map { hex($0.rawValue) },
          isHotPluggable: $0.isHotPluggable, line: $0.line)
      },
      usablePageRanges: sanitized.map.usablePages().map {
        Document.Pages(first: hex($0.start.number), last: hex($0.end.number - 1))
      },
      usablePageCount: sanitized.map.usablePageCount(),
      partialPageByteCount: sanitized.map.partialPageByteCount)
  }

  /// Several reports as one text in JSON: an object whose `maps` is the list of them.
  public static func json(_ reports: [MapReport]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(["maps": reports.map(\.document)])
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
