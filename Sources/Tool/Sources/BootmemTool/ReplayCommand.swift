// SPDX-License-Identifier: MIT
import ArgumentParser
import BootMemoryTrace
import TraceReplay
import MapFiles
import MemoryReports
import PhysicalMemory

/// `bootmem replay`
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Makes the calls of traces and compares what comes of them.",
    discussion: """
      A trace is a call a line with its result, `alloc 1000 1000 0 -> 10000`. The serial output \
      of the kernel, booted with bootmem_record, can be given as it is. Ends at the first \
      difference in each file, and shows the pages around it as the trace has them and as they are.

      EXAMPLES
        bootmem replay Tests/Fixtures/traces/64/directed/*.trace
        scripts/run --append bootmem_record | bootmem replay -
      """)

  @Argument(help: "The traces; - is standard input.", completion: .file(extensions: ["trace"]))
  var files: [String]

  /// The number of calls to show before a difference.
  private static let contextCount = 4

  func run() throws {
    var hasFailed = false
    for file in files.map(InputFile.init(path:)) {
      do throws(MapFileError) {
        let trace = try file.trace()
        try replay(trace, of: file)
        Output.write("\(file.name): \(Self.summary(of: trace))\n")
      } catch {
        Report.error(error)
        hasFailed = true
      }
    }
    if hasFailed { throw ExitCode.failure }
  }

  private static func summary(of trace: Trace) -> String {
    let checkpoints = trace.operations.filter { $0.call == .checkpoint }.count
    return "\(count(trace.operations.count, "call")) of a \(trace.header.wordBitCount)-bit machine"
      + " with equal results, \(count(checkpoints, "bitmap")) compared"
  }

  private func replay(_ trace: Trace, of file: InputFile) throws(MapFileError) {
    let replayer = try Self.replayer(trace, of: file)
    var progress = Progress("\(file.name): calls", count: trace.operations.count)
    for (index, operation) in trace.operations.enumerated() {
      progress.advance(to: index)
      guard let difference = replayer.run(operation) else { continue }
      progress.finish()
      throw MapFileError(
        file: file.name, line: operation.line,
        try Self.describe(difference, at: index, of: trace, after: replayer, file))
    }
    progress.finish()
  }

  private static func replayer(
    _ trace: Trace, of file: InputFile
  ) throws(MapFileError) -> TraceReplayer {
    do throws(TraceError) {
      return try TraceReplayer(trace)
    } catch {
      throw MapFileError(file: file.name, line: error.line, error.message)
    }
  }

  /// The difference, the calls before it, and the maps around it.
  private static func describe(
    _ difference: TraceReplayer.Difference, at index: Int, of trace: Trace,
    after: TraceReplayer, _ file: InputFile
  ) throws(MapFileError) -> String {
    let before = try replayer(trace, of: file)
    for operation in trace.operations[..<index] { _ = before.run(operation) }
    let operation = difference.operation
    var text = "\(operation.text) -> \(difference.result), "
    text += "but the trace has \(operation.result)\n"
    if index > 0 { text += "the calls before it:\n" }
    for previous in trace.operations[..<index].suffix(contextCount) {
      text += "  line \(previous.line): \(previous.text) -> \(previous.result)\n"
    }
    let pages = trace.operations[..<index].reversed().lazy
      .compactMap { $0.pages(of: $0.result) }.first
    let picture = DifferencePicture(
      of: difference, elsewise: pages, before: before, after: after)
    text += picture.text
    return String(text.dropLast())
  }
}
