import Testing

@Suite struct CommandLineTests {
  @Test func version_isPrinted() throws {
    let result = try Tool.run("--version")
    #expect(result.exitCode == 0)
    #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
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
