// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite struct CommandLineTests {
  @Test func version_isThatAtTheTopOfTheChangelog() throws {
    let changelog = try String(
      contentsOf: Fixture.root.appending(path: "Sources/CHANGELOG.md"), encoding: .utf8)
    let version = try #require(changelog.firstMatch(of: #/\n## \[(\d+\.\d+\.\d+)\] - /#)).1
    let result = try Tool.run("--version")
    #expect(result.exitCode == 0)
    #expect(result.output == "\(version)\n")
  }

  @Test(arguments: [("mapp", "map"), ("replai", "replay"), ("plot", "plan"), ("dra", "draw")])
  func mistypedCommand_isSuggested(word: String, command: String) throws {
    let result = try Tool.run(word, "-")
    #expect(result.exitCode == 64)
    #expect(
      result.errors.hasPrefix(
        "Error: there is no command '\(word)'; did you mean '\(command)'?\n"))
  }

  @Test func fileWithoutCommand_isToldTheCommands() throws {
    let result = try Tool.run("machine.e820")
    #expect(result.exitCode == 64)
    #expect(
      result.errors.hasPrefix(
        "Error: there is no command 'machine.e820', only map, plan, replay, draw\n"))
  }

  /// A line of a paragraph ends only where the first word of the next would not have fitted.
  @Test(arguments: [[], ["map"], ["plan"], ["replay"], ["draw"]], [60, 80, 100])
  func help_isBrokenWhereTheTerminalEnds(command: [String], columnCount: Int) throws {
    let result = try Tool.run(
      arguments: command + ["--help"], environment: ["COLUMNS": "\(columnCount)"])
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    let body = lines.prefix { !$0.hasPrefix("USAGE: ") }
    #expect(body.count > 5)
    // The usage and the examples are lines of their own, for a terminal of 80 columns.
    for line in columnCount < 80 ? body.filter({ !$0.hasPrefix(" ") }) : lines {
      #expect(line.count <= columnCount, "\(line)")
    }
    for (line, next) in zip(body, body.dropFirst())
    where !line.isEmpty && !next.isEmpty && !next.hasPrefix(" ") && !line.hasPrefix(" ") {
      let word = next.prefix { $0 != " " }
      #expect(line.count + 1 + word.count >= columnCount, "\(line)")
    }
  }

  @Test(arguments: [[], ["map"], ["plan"], ["replay"], ["draw"]])
  func help_hasExamples(command: [String]) throws {
    let result = try Tool.run(arguments: command + ["--help"])
    #expect(result.exitCode == 0)
    #expect(result.output.contains("EXAMPLES"))
    #expect(result.output.contains("USAGE: bootmem"))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionScript_isGenerated(shell: String) throws {
    let result = try Tool.run("--generate-completion-script", shell)
    #expect(result.exitCode == 0)
    #expect(result.output.contains("bootmem"))
    #expect(result.output.contains("--ranges") || result.output.contains("ranges"))
  }
}
