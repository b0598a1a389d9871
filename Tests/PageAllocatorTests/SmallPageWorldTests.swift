// SPDX-License-Identifier: MIT
import Foundation
import PhysicalMemory
import Testing

/// Small worlds of pages, all of them: every sequence of calls, against a model of the rules.
@Suite struct SmallPageWorldTests {
  /// How many calls are made in each world; `BOOTMEM_SMALL_WORLD_CALLS` sets another number.
  static let callCount: Int = {
    let text = ProcessInfo.processInfo.environment["BOOTMEM_SMALL_WORLD_CALLS"]
    #if DEBUG
    let count = 30_000
    #else
    let count = 300_000
    #endif
    return text.flatMap { Int($0) } ?? count
  }()

  /// Three GiB and more of pages of 4 KiB, from a page on that no word and no group begins with.
  static let span = 0x12345..<0x12345 + 786_439

  /// Pages at borders of words and of groups, on the node's last pages, and in memory in which nothing
  /// else is free.
  @Test(arguments: [
    (free: [0x12ffe..<0x13002], released: [span.upperBound - 1..<span.upperBound]),
    (free: [span.upperBound - 3..<span.upperBound], released: [0x1243f..<0x12441]),
    (free: [0x1243d..<0x12442], released: []),
    (free: [], released: [0x12fff..<0x13001, 0x40000..<0x40002]),
    (free: [0x12fff..<0x13000, 0x40000..<0x40001, 0xa0000..<0xa0001], released: []),
  ])
  func everySequenceOfCalls_followsTheRules(free: [Range<Int>], released: [Range<Int>]) throws {
    var world = SmallPageWorld(Self.span, free: free, released: released)
    try world.explore(maximumCallCount: Self.callCount)
    print(
      "pages \(free), \(released): \(world.stateCount) states, \(world.callCount) calls, depth"
        + " \(world.depth)" + (world.isComplete ? ", which is all there is" : ""))
    #expect(world.depth >= 2 && world.stateCount > 20)
  }
}
