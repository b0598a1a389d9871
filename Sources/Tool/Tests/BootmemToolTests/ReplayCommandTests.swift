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

  @Test(arguments: [
    "32/directed/boot_numa.trace", "64/directed/exact_fit.trace", "64/random/r64_190_n1.trace",
    "64/directed/bug_double_free.trace",
  ])
  func goldenTrace_hasEqualResults(name: String) throws {
    let path = Fixture.path("traces/\(name)")
    let result = try Tool.run("replay", path)
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    #expect(result.output.hasPrefix("\(path): "))
    #expect(result.output.contains("\(name.prefix(2))-bit machine with equal results"))
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
    ("trace begin\nmap 0 -> 0\n", "<stdin>:2: error: the trace has no end\n"),
    ("", "<stdin>: error: no trace: there is no call in it\n"),
  ])
  func brokenTrace_isAnErrorWithItsLine(trace: String, error: String) throws {
    let result = try Tool.run("replay", "-", input: trace)
    #expect(result.exitCode == 1)
    #expect(result.output == "")
    #expect(result.errors == error)
  }

  /// Numbers that no machine has are answered as misuse, and never stop the tool.
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
      result.errors.hasPrefix("<stdin>:1: error: too large: the nodes up to here need "))
  }

  /// Together their bitmaps have more bytes than a number can hold.
  @Test func manyNodesTooLargeForAnyHost_areAnError() throws {
    let trace = String(repeating: "init 0 0 0 10000000000000 -> 0\n", count: 16_000)
    let replay = try Tool.run("replay", "-", input: trace)
    #expect(replay.exitCode == 1)
    #expect(
      replay.errors.hasPrefix("<stdin>:16000: error: too large: the nodes up to here need "))
    let draw = try Tool.run("draw", "-", "--svg", input: trace)
    #expect(draw.exitCode == 0)
  }

  /// A node up to the top of 32-bit addresses leaves none for the bitmap behind it.
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
