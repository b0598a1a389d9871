// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite struct DrawCommandTests {
  static let trace = Fixture.path("traces/64/directed/boot_numa.trace")

  @Test func svg_isOneDocumentThatParses() throws {
    let result = try Tool.run("draw", Self.trace)
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
    let result = try Tool.run("draw", Self.trace, "--format", "html", "--output", output.path)
    #expect(result.exitCode == 0)
    #expect(result.output == "")
    let page = try String(contentsOf: output, encoding: .utf8)
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html"))
    #expect(XMLDocumentCheck.isWellFormed(page))
    for tag in ["<script", "<link", "<img", "href", "url(", "@import"] {
      #expect(!page.contains(tag))
    }
  }

  @Test func ends_ticksAndNodesAreNamed() throws {
    let picture = try Tool.run("draw", Self.trace).output
    for text in ["node 0", "node 1", "0x0", "0x10000000", "0", "32 MiB", "128 MiB", "256 MiB"] {
      #expect(picture.contains(">\(text)</text>"), "\(text)")
    }
    // The border between the two nodes, and the ends of both.
    #expect(picture.split(separator: "stroke-dasharray").count == 4)
  }

  @Test func callsThatChangeNoCell_areFoldedIntoOneRow() throws {
    let trace = """
      init 0 0 0 100000 -> 20000
      free 0 100000000 -> ok
      alloc 1000 1000 0 -> 0
      alloc 1000 1000 0 -> 1000
      alloc 1000 1000 0 -> 2000

      """
    let picture = try Tool.run("draw", "-", input: trace).output
    #expect(picture.split(separator: "<g>").count == 4)
    #expect(picture.contains(">  (2 more rows like this, to line 5)</text>"))
    #expect(!picture.contains("line 4"))
  }

  /// A call too long for one line beside its row takes several.
  @Test func longCall_isWrittenInFull() throws {
    let result = "ec98 blocks 487 fnv 274cca70020709be o0 d8 o6 3af"
    let picture = try Tool.run("draw", Self.trace).output
    #expect(!picture.contains("…"))
    for word in result.split(separator: " ") { #expect(picture.contains(word)) }
    #expect(picture.contains(">line 29: free_all -&gt; ec98 blocks 487 fnv</text>"))
    #expect(picture.contains(">  274cca70020709be o0 d8 o6 3af</text>"))
  }

  @Test func longTrace_isSampledAndSaysSo() throws {
    let path = Fixture.path("traces/64/random/r64_104_n16.trace")
    let result = try Tool.run("draw", path, "--rows", "100")
    #expect(result.exitCode == 0)
    #expect(result.output.contains("Sampled: 100 of 1371 calls that change memory are shown."))
    // Four of them leave all columns as they are.
    #expect(result.output.split(separator: "<g>").count == 97)
  }

  @Test func traceOfMoreThan16MiB_isReadToItsEnd() throws {
    let comment = "#" + String(repeating: "-", count: 1022) + "\n"
    let calls = "init 0 0 0 8 -> 8\nfree 1000 7000 -> ok\nalloc 1000 1000 0 -> 1000\n"
    let result = try Tool.run(
      "draw", "-", input: String(repeating: comment, count: 17_000) + calls)
    #expect(result.errors == "")
    #expect(result.output.contains("<title>line 17003: alloc 1000 1000 0 -&gt; 1000</title>"))
  }

  @Test func whatIsNoTrace_isNotReadWithoutEnd() throws {
    let result = try Tool.run("draw", "/dev/zero")
    #expect(result.exitCode == 1)
    #expect(result.errors == "/dev/zero:1: error: a line of more than 64 KiB\n")
  }

  @Test func brokenInput_isAnError() throws {
    let empty = try Tool.run("draw", "-", input: "map_pages 10 -> 1\n")
    #expect(empty.exitCode == 1)
    #expect(empty.errors == "<stdin>: error: there is no memory to draw: no node in it\n")
    let broken = try Tool.run("draw", "-", input: "init 0 0 0 10 -> 8\nfree 0\n")
    #expect(broken.exitCode == 1)
    #expect(
      broken.errors
        == "<stdin>:2: error: neither a call with its result nor a line of the header\n")
    let place = try Tool.run("draw", Self.trace, "--output", "/no/such/directory/x.svg")
    #expect(place.exitCode == 1)
    #expect(place.errors.hasPrefix("/no/such/directory/x.svg: error: cannot be written: "))
  }

  @Test func wrongCommandLine_exitsWith64() throws {
    #expect(try Tool.run("draw", Self.trace, "--format", "text").exitCode == 64)
    #expect(try Tool.run("draw", Self.trace, "--rows", "0").exitCode == 64)
  }
}
