// SPDX-License-Identifier: MIT
import ArgumentParser
import BootMemoryTrace
import Foundation
import MapFiles
import MemoryReports

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
        bootmem draw boot_numa.trace --html --output memory.html
        scripts/run --append bootmem_record | bootmem draw - --svg > memory.svg
      """)

  enum Format: EnumerableFlag {
    case svg, html
  }

  @Argument(help: "The trace; - is standard input.", completion: .file(extensions: ["trace"]))
  var file: String

  @Flag(help: "What to draw.")
  var format: Format

  @Option(help: "The file to write; default: standard output.", completion: .file())
  var output: String?

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
    let trace = try source.trace()
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
    guard let output else { return Output.write(text) }
    do {
      try text.write(toFile: output, atomically: true, encoding: .utf8)
    } catch {
      throw MapFileError(file: output, "cannot be written: \(error.localizedDescription)")
    }
  }
}
