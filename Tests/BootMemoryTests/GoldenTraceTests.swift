// SPDX-License-Identifier: MIT
import BootMemoryTrace
import Foundation
import TestSupport
import Testing
import TraceReplay

/// Every trace of Linux 4.19 gives the same results, address for address and bit for bit.
@Suite(.onPagesOf4KiB) struct GoldenTraceTests {
  static let directory = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/traces")

  static func traces(in path: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: directory.appending(path: path).path)
    return (names ?? []).filter { $0.hasSuffix(".trace") }.sorted().map { "\(path)/\($0)" }
  }

  static let all = ["64/directed", "64/random", "64/huge", "32/directed", "32/random"]
    .flatMap(traces(in:))

  #if DEBUG
  /// A fourth of the random ones, and none with terabytes, whose bitmaps are summed up word for word:
  /// without optimisation they take a minute each.  Release builds, with words of either width, and
  /// the archives for C replay all of them.
  static let replayed = all.enumerated()
    .filter { !$1.contains("/random/") || $0.isMultiple(of: 4) }.map(\.element)
    .filter { !["_4t", "_1t", "16x64g"].contains(where: $0.contains) }
  #else
  static let replayed = all
  #endif

  @Test(arguments: replayed)
  func trace_hasResultsOfLinux(path: String) throws {
    let text = try String(contentsOf: Self.directory.appending(path: path), encoding: .utf8)
    let trace = try Trace(parsing: text)
    #expect(!trace.operations.isEmpty)
    let replayer = try TraceReplayer(trace)
    let difference = try replayer.run(trace)
    #expect(difference == nil)
  }

  @Test func traces_areAllThere() throws {
    #expect(Self.all.filter { $0.hasPrefix("64") }.count == 160)
    #expect(Self.all.filter { $0.hasPrefix("32") }.count == 84)
    var operationCount = 0
    for path in Self.all where path.hasPrefix("64") {
      let text = try String(contentsOf: Self.directory.appending(path: path), encoding: .utf8)
      operationCount += try Trace(parsing: text).operations.count
    }
    #expect(operationCount == 119_420)
  }
}
