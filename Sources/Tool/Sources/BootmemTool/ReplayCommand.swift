// SPDX-License-Identifier: MIT
import ArgumentParser
import MapFiles
import MemoryReports
import TraceReplay

/// `bootmem replay`
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Makes the calls of traces and compares what comes of them.",
    discussion: """
      A trace is a call a line with its result, `alloc 1000 1000 0 -> 10000`. The serial output \
      of the kernel, booted with bootmem_record, can be given as it is. Ends at the first \
      difference in each file, and shows the pages around it as the trace has them and as they are. \
      Calls are made as they are read: a trace may have any length.

      EXAMPLES
        bootmem replay Tests/Fixtures/traces/64/directed/*.trace
        scripts/run --append bootmem_record | bootmem replay -
      """)

  @Argument(help: "The traces; - is standard input.", completion: .file(extensions: ["trace"]))
  var files: [String]

  func run() throws {
    var hasFailed = false
    for file in files.map(InputFile.init(path:)) {
      do throws(MapFileError) {
        Output.write("\(file.name): \(Self.summary(of: try compare(file)))\n")
      } catch {
        Report.error(error)
        hasFailed = true
      }
    }
    if hasFailed { throw ExitCode.failure }
  }

  private static func summary(of comparison: TraceComparison) -> String {
    "\(count(comparison.callCount, "call")) of a \(comparison.wordBitCount)-bit machine"
      + " with equal results, \(count(comparison.checkpointCount, "bitmap")) compared"
  }

  private func compare(_ file: InputFile) throws(MapFileError) -> TraceComparison {
    var comparison = TraceComparison()
    var progress = Progress("\(file.name): calls")
    defer { progress.finish() }
    try file.readTrace { line throws(TraceError) in
      try comparison.read(line)
      progress.advance(to: comparison.callCount)
      return comparison.isWrongWithoutBegin
    } finish: { () throws(TraceError) in
      try comparison.finish()
    }
    guard comparison.callCount > 0 else { throw file.noTrace }
    return comparison
  }
}
