// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Small worlds, all of them: every sequence of calls, against a byte-exact model.
@Suite struct SmallWorldTests {
  /// How many calls are made in each world; `BOOTMEM_SMALL_WORLD_CALLS` sets another number.
  static let callCount: Int = {
    let text = ProcessInfo.processInfo.environment["BOOTMEM_SMALL_WORLD_CALLS"]
    #if DEBUG
    let count = 60_000
    #else
    let count = 1_000_000
    #endif
    return text.flatMap { Int($0) } ?? count
  }()

  @Test(arguments: [[0..<3], [5..<8], [1..<3, 4..<6], [3..<5, 5..<7]])
  func everySequenceOfCalls_equalsModel(spans: [Range<Int>]) throws {
    var world = SmallWorld(spans, calls: Self.calls(spans))
    try world.explore(maximumCallCount: Self.callCount)
    print(
      "nodes \(spans): \(world.stateCount) states, \(world.callCount) calls, depth \(world.depth)"
        + (world.isComplete ? ", which is all there is" : ""))
    #expect(world.depth >= 2 && world.stateCount > 100)
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
