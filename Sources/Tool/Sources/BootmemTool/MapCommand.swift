// SPDX-License-Identifier: MIT
import ArgumentParser
import MapFiles
import MemoryReports

/// `bootmem map`
struct MapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "map",
    abstract: "Shows memory maps as given and as sanitised, and who holds what.",
    usage: "bootmem map [<options>] <files> ...",
    discussion: """
      Reads lines START END TYPE (hexadecimal, END exclusive), a whole Linux boot log, a copy of \
      /sys/firmware/memmap (the directory, or the output of grep . -r), /proc/iomem, the output \
      of the demonstration kernel, what the UEFI Shell's memmap, GRUB's lsmmap and U-Boot's bdinfo \
      print, logs of Xen and coreboot, FreeBSD's SMAP (boot -v, or sysctl machdep.smap), dumps of \
      memory with Multiboot or PVH information, and device trees (DTB).

      EXAMPLES
        dmesg | bootmem map -
        bootmem map --ranges board.dtb
        scripts/run | bootmem map --format json -
        bootmem map --format html --output memory.html dmesg.txt
        bootmem map --at 0x48000000 board.dtb
        bootmem map --form multiboot1 --at 0x9000 --information 0x9500 low.bin
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json, svg, html
  }

  enum Colour: String, CaseIterable, ExpressibleByArgument {
    case auto, always, never
  }

  @Argument(
    help: "The files; - is standard input.", completion: .file())
  var files: [String]

  @OptionGroup var input: MapInput

  @Option(help: "How to show the map.")
  var format = Format.text

  @OptionGroup var output: OutputFile

  @Flag(
    help: """
      Print only the ranges of pages that are usable and that nobody holds: FIRST LAST, hexadecimal \
      numbers, one a line.
      """)
  var ranges = false

  @Flag(
    help: "With --ranges: all that the firmware's map says is usable, whatever its owner.")
  var firmware = false

  @Option(name: .customLong("color"), help: "Whether to use colours; auto: on a terminal.")
  var colour = Colour.auto

  @Option(help: "The number of columns of the text; default: the terminal's, or 80.")
  var width: Int?

  func validate() throws {
    if format == .svg || format == .html, files.count > 1 {
      throw ValidationError("a picture shows one file, not \(files.count)")
    }
    if ranges && format != .text {
      throw ValidationError("--ranges prints text; leave out --format")
    }
    if firmware && !ranges {
      throw ValidationError("--firmware belongs to --ranges")
    }
    if let width, !(40...1000).contains(width) {
      throw ValidationError("--width is a number of columns from 40 to 1000, not \(width)")
    }
  }

  func run() throws {
    var reports: [MapReport] = []
    var hasFailed = false
    for file in files.map(InputFile.init(path:)) {
      do throws(MapFileError) {
        let map = try input.read(file)
        guard !map.entries.isEmpty else {
          throw MapFileError(file: file.name, "names nodes, but has no memory map")
        }
        reports.append(MapReport(name: file.name, file: map))
      } catch {
        Report.error(error)
        hasFailed = true
      }
    }
    let text = try text(of: reports)
    do throws(MapFileError) {
      try output.write(text)
    } catch {
      Report.error(error)
      hasFailed = true
    }
    if hasFailed { throw ExitCode.failure }
  }

  private func text(of reports: [MapReport]) throws -> String {
    guard !reports.isEmpty else { return "" }
    switch format {
    case .json: return try MapReport.json(reports)
    case .svg: return reports[0].svg()
    case .html: return reports[0].html()
    case .text where ranges:
      return reports.map { report in
        (files.count > 1 ? "# \(report.name)\n" : "")
          + (firmware ? report.firmwareRanges : report.ranges)
      }.joined()
    case .text:
      let terminal = Terminal.standardOutput
      let isColoured = colour == .always || colour == .auto && terminal.isColoured
      return reports.map { $0.text(width: width ?? terminal.columnCount, isColoured: isColoured) }
        .joined(separator: "\n")
    }
  }
}
