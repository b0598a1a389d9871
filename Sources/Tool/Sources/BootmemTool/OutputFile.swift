// SPDX-License-Identifier: MIT
import ArgumentParser
import Foundation
import MapFiles

/// The option that says where a report goes.
struct OutputFile: ParsableArguments {
  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("The file to write; default: standard output.", valueName: "file"),
    completion: .file())
  var path: String?

  /// Writes all of `text`.
  func write(_ text: String) throws(MapFileError) {
    guard let path else { return Output.write(text) }
    do {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw MapFileError(file: path, "cannot be written: \(error.localizedDescription)")
    }
  }
}
