// SPDX-License-Identifier: MIT
import BootMemoryModels
import TestSupport
import Testing

/// Small worlds, all of them: every sequence of calls, against a byte-exact model.
@Suite struct SmallWorldTests {
  @Test(arguments: [[0..<3], [5..<8], [1..<3, 4..<6], [3..<5, 5..<7]])
  func everySequenceOfCalls_equalsModel(spans: [Range<Int>]) throws {
    var world = SmallWorld(spans)
    let seen = try world.explore(
      from: world.first,
      maximumCallCount: Exploration.maximumCallCount(debug: 60_000, release: 1_000_000))
    print("nodes \(spans): \(seen)")
    #expect(seen.depth >= 2 && seen.stateCount > 100)
  }
}
