// SPDX-License-Identifier: MIT
import Foundation
import MapFiles
import MemoryMap
import PhysicalMemory

/// Reads a text as a file named `FILE`.
func read(_ text: String, form: MapFileForm? = nil) throws(MapFileError) -> MapFile {
  try MapFile(reading: Array(text.utf8), name: "FILE", form: form)
}

/// The error that reading a text ends in; nil if there is none.
func errorText(_ text: String) -> String? {
  do {
    _ = try read(text)
    return nil
  } catch {
    return error.description
  }
}

extension MapFile {
  /// `START+SIZE KIND` for each entry, hexadecimal.
  var shortText: [String] {
    regions.map {
      let start = String($0.range.start.rawValue, radix: 16)
      return "\(start)+\(String($0.range.byteCount, radix: 16)) \($0.kind.name)"
    }
  }

  /// `NODE/DOMAIN START+SIZE` for each range of a node, hexadecimal.
  var shortNodes: [String] {
    nodes.map {
      let start = String($0.range.start.rawValue, radix: 16)
      let size = String($0.range.byteCount, radix: 16)
      return "\($0.node)/\($0.proximityDomain) \(start)+\(size)" + ($0.isHotPluggable ? " hot" : "")
    }
  }
}

/// Reads a case's input from the folder `reports`, beside the corpus.
func readReport(_ path: String) throws -> MapFile {
  let file = CorpusTests.directory.appending(path: "../reports/\(path)")
  return try MapFile(reading: Array(try Data(contentsOf: file)), name: "FILE")
}
