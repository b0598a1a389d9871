import ArgumentParser

/// The command line: each job is a subcommand of its own.
@main
struct BootmemTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bootmem",
    abstract: "Shows the memory of a machine at boot, as its firmware tells it.",
    discussion: """
      EXAMPLES
        dmesg | bootmem map -
        bootmem map --format svg /sys/firmware/memmap > memory.svg

      Exit codes: 0 for success, 1 for input that cannot be read, 64 for a wrong command line.
      Completion for your shell: bootmem --generate-completion-script zsh|bash|fish
      """,
    version: "0.1.0",
    subcommands: [MapCommand.self, PlanCommand.self, ReplayCommand.self, DrawCommand.self])
}
