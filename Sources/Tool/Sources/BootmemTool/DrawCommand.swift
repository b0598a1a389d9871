// SPDX-License-Identifier: MIT
import ArgumentParser
import BootMemoryTrace
import MapFiles
import MemoryReports
import TraceReplay

/// `bootmem draw`
struct DrawCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "draw",
    abstract: "Draws memory over time from a trace.",
    discussion: """
      One row is a call, one column a stretch of memory, the colour says whose it is. The result \
      is one file that any browser opens; of a long trace some calls are left out, and the \
      drawing says so. Results are taken from the trace; whether they are right, `bootmem \
      replay` prints.

      EXAMPLES
        bootmem draw --format html --output memory.html boot_numa.trace
        scripts/run --append bootmem_record | bootmem draw - > memory.svg
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case svg, html
  }

  @Argument(help: "The trace; - is standard input.", completion: .file(extensions: ["trace"]))
  var file: String

  @Option(help: "How to show the memory.")
  var format = Format.svg

  @OptionGroup var output: OutputFile

  @Option(help: "The most calls to draw.")
  var rows = 400

  func validate() throws {
    guard (1...10_000).contains(rows) else {
      throw ValidationError("--rows is a number from 1 to 10000, not \(rows)")
    }
  }

  func run() throws {
    do throws(MapFileError) {
      try draw()
    } catch {
      Report.error(error)
      throw ExitCode.failure
    }
  }

  private func draw() throws(MapFileError) {
    let source = InputFile(path: file)
    var reading = Progress("\(source.name): calls read")
    let trace = try source.trace { reading.advance(to: $0) }
    reading.finish()
    var progress = Progress("\(source.name): calls", count: trace.operations.count)
    let history = TraceHistory(trace, maximumRowCount: rows) { progress.advance(to: $0) }
    progress.finish()
    guard let history else {
      throw MapFileError(file: source.name, "there is no memory to draw: no node in it")
    }
    let text =
      switch format {
      case .svg: history.svg(title: source.name)
      case .html: history.html(title: source.name)
      }
    try output.write(text)
  }
}
