// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// The built tool, run as a process.
enum Tool {
  /// The outcome of a run.
  struct Result {
    var exitCode: Int32
    var output: String
    var errors: String
  }

  /// The executable, which the build puts beside the bundle of the tests.
  static var executable: URL? {
    for argument in CommandLine.arguments {
      var url = URL(filePath: argument)
      while url.path.count > 1 {
        if url.pathExtension == "xctest" {
          return url.deletingLastPathComponent().appending(path: "bootmem")
        }
        url.deleteLastPathComponent()
      }
    }
    return nil
  }

  /// Runs the tool with `input` as its standard input.
  static func run(_ arguments: String..., input: String = "") throws -> Result {
    try run(arguments: arguments, input: Data(input.utf8))
  }

  /// Runs the tool, in limited address space where that is asked for.
  ///
  /// - Parameter addressSpaceKibibytes: The most address space that the tool may take.
  static func run(
    arguments: [String], input: Data = Data(), environment: [String: String] = [:],
    addressSpaceKibibytes: Int? = nil
  ) throws -> Result {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let executable: URL = try #require(Self.executable)
    if let addressSpaceKibibytes {
      process.executableURL = URL(filePath: "/bin/sh")
      let command = "ulimit -v \(addressSpaceKibibytes) && exec \"$0\" \"$@\""
      process.arguments = ["-c", command, executable.path] + arguments
    } else {
      process.executableURL = executable
      process.arguments = arguments
    }
    // Files, not pipes: neither side can wait for the other.
    let directory = try TemporaryDirectory()
    let inputFile = try directory.file("input", input)
    let outputFile = try directory.file("output", Data())
    let errorFile = try directory.file("errors", Data())
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    process.waitUntilExit()
    return Result(
      exitCode: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self))
  }
}

/// A directory that is removed with its last user.
final class TemporaryDirectory {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "bootmem-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// Makes a file, and the directories that it lies in.
  @discardableResult
  func file(_ name: String, _ contents: Data) throws -> URL {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: file)
    return file
  }
}

/// The data that comes with the tests.
enum Fixture {
  /// The root of the repository, in which the tool's package lies.
  static let root = URL(filePath: "../../../..", relativeTo: URL(filePath: #filePath))
    .standardizedFileURL

  static let directory = root.appending(path: "Tests/Fixtures")

  static func path(_ name: String) -> String { directory.appending(path: name).path }
}
