// SPDX-License-Identifier: MIT
import ArgumentParser

/// The command line: each job is a subcommand of its own.
@main
struct BootmemTool: ParsableCommand {
  // Paragraphs of help are one line each: the parser wraps them to the width of the terminal.
  static let configuration = CommandConfiguration(
    commandName: "bootmem",
    abstract: "Shows the memory of a machine at boot, as its firmware reports it.",
    discussion: """
      EXAMPLES
        dmesg | bootmem map -
        bootmem map --format svg /sys/firmware/memmap > memory.svg

      Of a file at most 16 MiB are read; replay and draw read any number. Exit codes: 0 for success, 1 for input that cannot be \
      read, 64 for a wrong command line.

      Completion for your shell: bootmem --generate-completion-script zsh|bash|fish
      """,
    version: "0.1.0",
    subcommands: [MapCommand.self, PlanCommand.self, ReplayCommand.self, DrawCommand.self])

  static func main() {
    if let word = CommandLine.arguments.dropFirst().first, let error = unknownCommand(word) {
      exit(withError: error)
    }
    main(nil)
  }

  /// The error for `word`, the first on the command line, if it names no command; nil if it names
  /// one, or is an option.
  private static func unknownCommand(_ word: String) -> ValidationError? {
    let names = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard !word.hasPrefix("-"), word != "help", !names.contains(word) else { return nil }
    let nearest = names.min { word.editDistance(to: $0) < word.editDistance(to: $1) }
    if let nearest, word.editDistance(to: nearest) <= 2 {
      return ValidationError("there is no command '\(word)'; did you mean '\(nearest)'?")
    }
    return ValidationError(
      "there is no command '\(word)', only \(names.joined(separator: ", "))")
  }
}

extension String {
  /// The number of characters to insert, remove or replace to turn this text into `other`
  /// (Levenshtein distance).
  fileprivate func editDistance(to other: String) -> Int {
    var row = Array(0...other.count)
    for (index, character) in enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, otherCharacter) in other.enumerated() {
        let replaced = diagonal + (character == otherCharacter ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = Swift.min(replaced, diagonal + 1, row[column] + 1)
      }
    }
    return row[other.count]
  }
}
