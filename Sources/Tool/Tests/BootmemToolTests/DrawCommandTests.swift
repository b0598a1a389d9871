// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite struct DrawCommandTests {
  static let trace = Fixture.path("traces/64/directed/boot_numa.trace")

  @Test func svg_isOneDocumentThatParses() throws {
    let result = try Tool.run("draw", Self.trace, "--svg")
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    #expect(result.output.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(XMLDocumentCheck.isWellFormed(result.output))
    #expect(result.output.contains("<title>line 13: reserve 201000 1000 0 -&gt; 0</title>"))
    #expect(result.output.contains(">One row is a call, one column 1 MiB of memory.<"))
  }

  @Test func html_isOneFileWithNothingFromElsewhere() throws {
    let directory = try TemporaryDirectory()
    let output = directory.url.appending(path: "memory.html")
    let result = try Tool.run("draw", Self.trace, "--html", "--output", output.path)
    #expect(result.exitCode == 0)
    #expect(result.output == "")
    let page = try String(contentsOf: output, encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html"))
    #expect(XMLDocumentCheck.isWellFormed(page))
    for tag in ["<script", "<link", "<img", "href", "url(", "@import"] {
      #expect(!page.contains(tag))
    }
  }

  @Test func longTrace_isSampledAndSaysSo() throws {
    let path = Fixture.path("traces/64/random/r64_104_n16.trace")
    let result = try Tool.run("draw", path, "--svg", "--rows", "100")
    #expect(result.exitCode == 0)
    #expect(result.output.contains("Sampled: 100 of 1371 calls that change memory are shown."))
    #expect(result.output.split(separator: "<g>").count == 101)
  }

  @Test func brokenInput_isAnError() throws {
    let empty = try Tool.run("draw", "-", "--svg", input: "map_pages 10 -> 1\n")
    #expect(empty.exitCode == 1)
    #expect(empty.errors == "<stdin>: error: there is no memory to draw: no node in it\n")
    let broken = try Tool.run("draw", "-", "--svg", input: "init 0 0 0 10 -> 8\nfree 0\n")
    #expect(broken.exitCode == 1)
    #expect(
      broken.errors
        == "<stdin>:2: error: neither a call with its result nor a line of the header\n")
    let place = try Tool.run("draw", Self.trace, "--svg", "--output", "/no/such/directory/x.svg")
    #expect(place.exitCode == 1)
    #expect(place.errors.hasPrefix("/no/such/directory/x.svg: error: cannot be written: "))
  }

  @Test func wrongCommandLine_exitsWith64() throws {
    #expect(try Tool.run("draw", Self.trace).exitCode == 64)
    #expect(try Tool.run("draw", Self.trace, "--svg", "--html").exitCode == 64)
    #expect(try Tool.run("draw", Self.trace, "--svg", "--rows", "0").exitCode == 64)
  }
}
