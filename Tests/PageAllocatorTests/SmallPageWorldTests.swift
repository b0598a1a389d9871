// SPDX-License-Identifier: MIT
import PageAllocatorModels
import PhysicalMemory
import TestSupport
import Testing

/// Small worlds of pages, all of them: every sequence of calls, against a model of the rules.
@Suite struct SmallPageWorldTests {
  /// Three GiB and more of pages of 4 KiB, from a page on that no word and no group begins with.
  static let span = 0x12345..<0x12345 + 786_439

  /// Pages at borders of words and of groups, on the node's last pages, and in memory in which nothing
  /// else is free.
  static let worlds: [(free: [Range<Int>], released: [Range<Int>])] = [
    (free: [0x12ffe..<0x13002], released: [span.upperBound - 1..<span.upperBound]),
    (free: [span.upperBound - 3..<span.upperBound], released: [0x1243f..<0x12441]),
    (free: [0x1243d..<0x12442], released: []),
    (free: [], released: [0x12fff..<0x13001, 0x40000..<0x40002]),
    (free: [0x12fff..<0x13000, 0x40000..<0x40001, 0xa0000..<0xa0001], released: []),
  ]

  @Test(arguments: worlds)
  func everySequenceOfCalls_followsTheRules(free: [Range<Int>], released: [Range<Int>]) throws {
    var world = SmallPageWorld(Self.span, free: free, released: released)
    let seen = try world.explore(
      from: world.start,
      maximumCallCount: Exploration.maximumCallCount(debug: 30_000, release: 300_000))
    print("pages \(free), \(released): \(seen)")
    #expect(seen.isComplete && seen.stateCount > 20)
  }
}
