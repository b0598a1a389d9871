// SPDX-License-Identifier: MIT
import TestSupport
import Testing

/// Small worlds, all of them: every sequence of calls, against a byte-exact model.
@Suite struct SmallWorldTests {
  @Test(arguments: [[0..<3], [5..<8], [1..<3, 4..<6], [3..<5, 5..<7]])
  func everySequenceOfCalls_equalsModel(spans: [Range<Int>]) throws {
    var world = SmallWorld(spans, calls: Self.calls(spans))
    let seen = try world.explore(
      from: world.first,
      maximumCallCount: Exploration.maximumCallCount(debug: 60_000, release: 1_000_000))
    print("nodes \(spans): \(seen)")
    #expect(seen.depth >= 2 && seen.stateCount > 100)
  }

  /// Calls on every place of the nodes, and beside them.
  static func calls(_ spans: [Range<Int>]) -> [SmallWorldCall] {
    let pages = max(spans[0].lowerBound - 1, 0)...spans.last!.upperBound
    let nodes: [Int?] = [nil] + (spans.count > 1 ? spans.indices.map { $0 } : [])
    var ranges: [Range<Int>] = []
    for start in pages {
      for end in start...(pages.upperBound + 1) { ranges.append(start * 4..<end * 4) }
      // In part: inside a page, over a border, no bytes inside.
      ranges += [start * 4 + 1..<start * 4 + 1, start * 4 + 1..<start * 4 + 6]
    }
    var calls: [SmallWorldCall] = []
    for node in nodes {
      for range in ranges {
        calls.append(.free(range, node: node))
        calls.append(.reserve(range, node: node, exclusively: false))
        calls.append(.reserve(range, node: node, exclusively: true))
      }
      for size in [1, 3, 4, 6] {
        for alignment in [1, 2, 4, 8] {
          var request = SmallWorldModel.Request(size: size, alignment: alignment, node: node)
          calls.append(.allocate(request))
          if node != nil {
            request.isForNodeOnly = true
            calls.append(.allocate(request))
          }
        }
        for place in pages.dropFirst() {
          calls.append(
            .allocate(SmallWorldModel.Request(size: size, goal: place * 4, node: node)))
          calls.append(
            .allocate(SmallWorldModel.Request(size: size, limit: place * 4 + 2, node: node)))
          calls.append(
            .allocate(
              SmallWorldModel.Request(
                size: size, goal: place * 4 + 1, limit: place * 4 + 8, node: node)))
        }
      }
    }
    return calls
  }
}
