// SPDX-License-Identifier: MIT
import ArgumentParser
import BootMemory
import Firmware
import MapFiles
import MemoryReports

/// `bootmem plan`
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Shows what boot memory would look like on a machine.",
    usage: "bootmem plan [<options>] [--kernel <start:size>] <file>",
    discussion: """
      Sets boot memory up as the kernel would with that memory map: nodes, where the bitmaps go, \
      what is reserved by whom, what is free. Addresses and sizes are decimal, or hexadecimal \
      with 0x; K, M, G and T behind them stand for powers of 1024.

      EXAMPLES
        bootmem plan machine.e820 --kernel 1M:8M
        bootmem plan dmesg.txt --kernel 1M:8M --module 32M:12M --append mem=4G
        bootmem plan board.dtb --at 0x48000000 --kernel 0x40200000:2M
        bootmem plan machine.e820 --nodes machine.numa --kernel 16M:8M
        bootmem plan machine.e820 --nodes 1G,0,512M --kernel 16M:8M
        scripts/bootmem plan board.dtb --arch aarch64 --page-size 64K --kernel 0x40200000:2M
        scripts/run | bootmem plan -
      """)

  enum Architecture: String, CaseIterable, ExpressibleByArgument {
    case i386
    case x86_64
    case aarch64
    case riscv64

    /// Whether the processor has page sizes other than 4 KiB.
    var hasLargerPages: Bool { self == .aarch64 }

    /// What `mem=SIZE` means to a kernel for this processor.
    var memoryLimitMeaning: MemoryLimitMeaning {
      switch self {
      case .i386, .x86_64: .endAddress
      case .aarch64, .riscv64: .amount
      }
    }
  }

  @Argument(help: "The memory map, in any form that map reads.", completion: .file())
  var file: String

  @OptionGroup var input: MapInput

  @OptionGroup var output: OutputFile

  @Option(
    help: ArgumentHelp(
      "Where the kernel's image lies; the output of the demonstration kernel says it.",
      valueName: "start:size"))
  var kernel: RangeArgument?

  @Option(
    name: .customLong("module"),
    help: ArgumentHelp("Where a module lies; may be repeated.", valueName: "start:size"))
  var modules: [RangeArgument] = []

  @Option(
    help: ArgumentHelp(
      """
      The memory nodes: a file that says them, with lines NODE DOMAIN START END FLAGS or in any form \
      that map reads (a boot log with its SRAT, a device tree, a dump); or how many of equal size, or \
      their sizes, such as 4 or 1G,0,512M, of which the last one takes what is left over.
      """, valueName: "file | number | size,size,…"),
    completion: .file())
  var nodes: NodesArgument?

  @Option(
    help: "More of the kernel's command line than the file has; mem= and memmap= change the map.")
  var append = ""

  @Option(
    name: .customLong("arch"),
    help: """
      The processor; default: what the file says, or one of 64 bits: x86_64, unless there is a device \
      tree. It decides how far a kernel reaches, and what mem= means.
      """)
  var architecture: Architecture?

  func validate() throws {
    if let architecture, !architecture.hasLargerPages, PageSize.own != .kibibytes4 {
      throw ValidationError(
        "\(architecture.rawValue) has pages of 4K, and not of \(PageSize.own.rawValue)")
    }
  }

  func run() throws {
    do {
      try plan()
    } catch let error as MapFileError {
      Report.error(error)
      throw ExitCode.failure
    }
  }

  private func plan() throws {
    let source = InputFile(path: file)
    var map = try input.read(source)
    if let architecture { map.memoryLimitMeaning = architecture.memoryLimitMeaning }
    guard !map.entries.isEmpty else {
      throw MapFileError(file: source.name, "names nodes, but has no memory map")
    }
    guard kernel != nil || map.hasKernel else {
      throw ValidationError("Missing expected argument '--kernel <start:size>'")
    }
    let processor =
      architecture?.rawValue ?? map.kernel?.processorName
      ?? (map.memoryLimitMeaning == .amount ? "a processor of 64 bits" : "x86_64")
    let scenario = BootScenario(
      file: map, nodes: try readNodes(of: map), kernel: kernel?.range,
      modules: modules.map(\.range),
      addressWidth: processor == Architecture.i386.rawValue ? .bits32 : .bits64,
      commandLine: append)
    let text: String
    do throws(BootScenarioError) {
      let report = try BootPlanReport(scenario)
      let regions = count(map.entries.count, "region")
      text =
        "\(source.name): \(map.form.title), \(regions); kernel for \(processor)\n" + report.text
    } catch {
      throw MapFileError(file: source.name, error.description)
    }
    try output.write(text)
  }

  private func readNodes(of map: MapFile) throws -> NodeLayout? {
    switch nodes {
    case nil:
      return nil
    case .shares(let shares):
      guard let layout = NodeLayout(sharing: map.regions, shares) else {
        throw ValidationError("the nodes take more than the usable memory of the map")
      }
      return layout
    case .file(let path):
      let source = InputFile(path: path)
      guard let layout = NodeLayout(of: try MapFile(reading: source.bytes(), name: source.name))
      else { throw MapFileError(file: source.name, "names no nodes") }
      return layout
    }
  }
}
