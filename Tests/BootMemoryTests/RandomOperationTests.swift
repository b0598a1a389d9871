// SPDX-License-Identifier: MIT
import BootMemoryModels
import Foundation
import TestSupport
import Testing

/// Random calls, right and wrong ones, have the same results as in the flat reference: the address,
/// where the search goes on, the end of the last allocation, and every bit.
@Suite struct RandomOperationTests {
  /// The number of calls; `BOOTMEM_RANDOM_OPERATIONS` sets another.
  static let operationCount: Int = {
    let text = ProcessInfo.processInfo.environment["BOOTMEM_RANDOM_OPERATIONS"]
    return text.flatMap { Int($0) } ?? 200_000
  }()

  static let seedCount = 20

  @Test(.namingSeed, arguments: 0..<seedCount)
  func randomCalls_equalFlatReference(seed: Int) throws {
    var random = SplitMix(stream: UInt64(seed) &* 0x9e37_79b9)
    var rest = Self.operationCount / Self.seedCount
    var scenario = 0
    while rest > 0 {
      let size = ScenarioSize.allCases[(scenario + seed) % ScenarioSize.allCases.count]
      let count = min(rest, size.operationCount)
      var pair = BootMemoryPair(size: size, random: &random)
      try pair.run(count, "seed \(seed), scenario \(scenario) (\(size))", random: &random)
      rest -= count
      scenario += 1
    }
  }

  /// The calls also meet where the last change was, as those of a kernel do, whatever the size.
  @Test(.namingSeed, arguments: ScenarioSize.allCases)
  func randomCalls_meetAtTheCursor(size: ScenarioSize) throws {
    var random = SplitMix(stream: UInt64(size.pageCountBits))
    var changeCount = (all: 0, atCursor: 0)
    for scenario in 0..<10 {
      var pair = BootMemoryPair(size: size, random: &random)
      try pair.run(500, "scenario \(scenario) (\(size))", random: &random)
      changeCount.all += pair.changeCount.all
      changeCount.atCursor += pair.changeCount.atCursor
    }
    #expect(changeCount.atCursor * 25 > changeCount.all)
  }
}
