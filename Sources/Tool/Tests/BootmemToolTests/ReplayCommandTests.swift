// SPDX-License-Identifier: MIT
import Foundation
import Testing

@Suite struct ReplayCommandTests {
  static let trace = """
    # free_then_allocate
    word 20
    page_shift c
    low_limit ffffffff
    max_dma32_pfn 0
    init 0 1 0 80 -> 10
    free 10000 70000 -> ok
    alloc 1000 1000 0 -> 10000   # lowest
    map 0 -> 11 02aaf98c8c2e7f12
    """

  @Test(arguments: ["32/directed", "32/random", "64/directed", "64/random", "64/huge"])
  func goldenTraces_haveEqualResults(directory: String) throws {
    let directory = Fixture.path("traces/\(directory)")
    let paths = try FileManager.default.contentsOfDirectory(atPath: directory)
      .filter { $0.hasSuffix(".trace") }.map { "\(directory)/\($0)" }
    let result = try Tool.run(arguments: ["replay"] + paths)
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == paths.count)
    let wordBitCount = directory.contains("/32/") ? 32 : 64
    for (path, line) in zip(paths, lines) {
      #expect(line.hasPrefix("\(path): "))
      #expect(line.contains(" of a \(wordBitCount)-bit machine with equal results, "))
    }
  }

  /// A node of 4 GiB, and a page of it allocated and freed; 20 MB of text.
  private static let longTrace =
    "word 40\ninit 0 1 0 100000 -> 20000\nfree 0 100000000 -> ok\n"
    + String(repeating: "alloc 1000 1000 0 -> 0\nfree 0 1000 -> ok\n", count: 499_999)

  /// The program alone takes 90 MiB of address space; with the trace in memory it would be 200.
  @Test func aMillionCalls_needNoMoreMemoryThanAFew() throws {
    let result = try Tool.run(
      arguments: ["replay", "-"], input: Data(Self.longTrace.utf8),
      addressSpaceKibibytes: 128 << 10)
    #expect(result.errors == "")
    #expect(
      result.output
        == "<stdin>: 1000000 calls of a 64-bit machine with equal results, 0 bitmaps compared\n")
    let wrong = try Tool.run(
      arguments: ["replay", "-"], input: Data((Self.longTrace + "alloc 1000 1000 0 -> 1000").utf8),
      addressSpaceKibibytes: 128 << 10)
    #expect(wrong.exitCode == 1)
    #expect(
      wrong.errors.hasPrefix(
        """
        <stdin>:1000002: error: alloc 1000 1000 0 -> 0, but the trace has 1000
        the calls before it:
          line 999998: alloc 1000 1000 0 -> 0

        """))
  }

  @Test func whatComesBeforeATraceBegins_doesNotCount() throws {
    for text in ["free 0 0 -> ok\nalloc 1 1 0 -> 5\n", "free 0 0 -> ok\nhello\n"] {
      let alone = try Tool.run("replay", "-", input: text)
      #expect(alone.exitCode == 1)
      #expect(alone.errors.hasPrefix("<stdin>:2: error: "))
      let result = try Tool.run(
        "replay", "-", input: text + "trace begin\n" + Self.trace + "\ntrace end\n")
      #expect(result.errors == "")
      #expect(
        result.output
          == "<stdin>: 4 calls of a 32-bit machine with equal results, 1 bitmap compared\n")
    }
  }

  /// A file without a trace is read for 16 MiB, in case one begins, and a line for 64 KiB.
  @Test func whatHasNoTrace_isNotReadWithoutEnd() throws {
    let framed = "trace begin\n" + Self.trace + "\ntrace end\n"
    let line = String(repeating: "-", count: 1023) + "\n"
    let short = try Tool.run("replay", "-", input: String(repeating: line, count: 1000) + framed)
    #expect(short.exitCode == 0)
    let long = try Tool.run("replay", "-", input: String(repeating: line, count: 17_000) + framed)
    #expect(
      long.errors
        == "<stdin>:1: error: neither a call with its result nor a line of the header\n")
    let endless = try Tool.run("replay", "/dev/zero")
    #expect(endless.errors == "/dev/zero:1: error: a line of more than 64 KiB\n")
  }

  /// A difference that is about no pages is shown with the calls before it and the pages of the
  /// last one.
  @Test func differenceThatIsAboutNoPages_showsThoseBefore() throws {
    let trace = "init 0 1 0 80 -> 10\nfree 10000 70000 -> ok\nmap_pages 10 -> 7\n"
    let result = try Tool.run("replay", "-", input: trace)
    #expect(result.errors.hasPrefix("<stdin>:3: error: map_pages 10 -> 1, but the trace has 7\n"))
    #expect(result.errors.contains("0000000000000000 trace  ################......"))
  }

  @Test func difference_isShownWithBothMaps() throws {
    let trace = Self.trace.replacingOccurrences(of: "-> 10000 ", with: "-> 18000 ")
    let result = try Tool.run("replay", "-", input: trace)
    #expect(result.exitCode == 1)
    #expect(result.output == "")
    #expect(
      result.errors == """
        <stdin>:8: error: alloc 1000 1000 0 -> 10000, but the trace has 18000
        the calls before it:
          line 6: init 0 1 0 80 -> 10
          line 7: free 10000 70000 -> ok
        one character is a page: . free, # reserved, nothing: of no node
          0000000000000000 trace  ################........#.......................................
          0000000000000000 replay #################...............................................
                                  \u{20}               ^       ^
          0000000000040000 trace  ................................................................
          0000000000040000 replay ................................................................

        """)
  }

  @Test func differenceOfABit_isFoundAtTheCheckpoint() throws {
    let trace = Self.trace.replacingOccurrences(of: "7f12", with: "7f13")
    let result = try Tool.run("replay", "-", input: trace)
    #expect(result.exitCode == 1)
    #expect(result.errors.hasPrefix("<stdin>:9: error: map 0 -> 11 02aaf98c8c2e7f12, but the"))
  }

  @Test func traceInTheOutputOfAKernel_isFound() throws {
    let output =
      "swift-bootmem on i386\r\ntrace begin\r\n"
      + Self.trace.replacingOccurrences(of: "\n", with: "\r\n") + "\r\ntrace end\r\nok\r\n"
    let result = try Tool.run("replay", "-", input: output)
    #expect(result.exitCode == 0)
    #expect(
      result.output
        == "<stdin>: 4 calls of a 32-bit machine with equal results, 1 bitmap compared\n"
    )
  }

  @Test(arguments: [
    ("hello\n", "<stdin>:1: error: neither a call with its result nor a line of the header\n"),
    ("word 20\nalloc 1 1 -> 0\n", "<stdin>:2: error: alloc takes 3 arguments, not 2\n"),
    ("alloc 1 1 fish -> 0\n", "<stdin>:1: error: no hexadecimal number: fish\n"),
    ("steal 1 -> 0\n", "<stdin>:1: error: no such operation: steal\n"),
    ("word 21\n", "<stdin>:1: error: words have 40 or 20 bits, not 21\n"),
    ("trace begin\nmap_pages 1 -> 1\n", "<stdin>:2: error: the trace has no end\n"),
    ("", "<stdin>: error: no trace: there is no call in it\n"),
  ])
  func brokenTrace_isAnErrorWithItsLine(trace: String, error: String) throws {
    let result = try Tool.run("replay", "-", input: trace)
    #expect(result.exitCode == 1)
    #expect(result.output == "")
    #expect(result.errors == error)
  }

  /// Numbers that no machine has are reported as misuse, and never stop the tool.
  @Test(arguments: [
    "init ffffffffffffffff 0 0 10 -> BUG", "init 0 0 0 ffffffffffffffff -> BUG",
    "init 0 0 10 0 -> BUG", "map_pages ffffffffffffffff -> BUG",
    "free_node ffffffffffffffff 0 1000 -> BUG", "map ffffffffffffffff -> no such node",
    "alloc ffffffffffffffff ffffffffffffffff ffffffffffffffff -> BUG",
    "reserve ffffffffffffffff ffffffffffffffff 1 -> BUG",
  ])
  func absurdNumbers_areMisuse(call: String) throws {
    let result = try Tool.run("replay", "-", input: call)
    #expect(result.errors == "")
    #expect(result.exitCode == 0)
  }

  @Test func nodeTooLargeForTheHost_isAnError() throws {
    let result = try Tool.run("replay", "-", input: "init 0 0 0 10000000000000 -> 2000000000000")
    #expect(result.exitCode == 1)
    #expect(result.output == "")
    #expect(
      result.errors
        == "<stdin>:1: error: too large: the node needs 581100621562688 bytes of bitmap, for which "
        + "this machine has no addresses\n")
  }

  /// Together their bitmaps have more bytes than a number can hold.
  @Test func manyNodesTooLargeForAnyHost_areDrawn() throws {
    let trace = String(repeating: "init 0 0 0 10000000000000 -> 0\n", count: 16_000)
    let draw = try Tool.run("draw", "-", input: trace)
    #expect(draw.exitCode == 0)
  }

  /// A node up to the top of 32-bit addresses leaves no page for the bitmap after it.
  @Test func nodeUpToTheTop_isReplayed() throws {
    let trace = """
      word 20
      init 0 10 0 100000 -> 20000
      free 0 ffff0000 -> ok
      alloc 1000 1000 0 -> 0
      """
    let result = try Tool.run("replay", "-", input: trace)
    #expect(result.errors == "")
  }
}
