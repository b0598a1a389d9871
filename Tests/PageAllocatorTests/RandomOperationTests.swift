// SPDX-License-Identifier: MIT
import Foundation
import PageAllocatorModels
import TestSupport
import Testing

/// Random calls, legal and hostile, agree with a map of who has each page.
@Suite struct RandomOperationTests {
  /// The number of calls; `BOOTMEM_RANDOM_OPERATIONS` sets another.
  static let operationCount: Int = {
    let text = ProcessInfo.processInfo.environment["BOOTMEM_RANDOM_OPERATIONS"]
    return text.flatMap { Int($0) } ?? 100_000
  }()

  static let seedCount = 20

  @Test(.namingSeed, arguments: 0..<seedCount)
  func randomCalls_equalOwnerMap(seed: Int) throws {
    var random = SplitMix(stream: UInt64(seed) &* 0x9e37_79b9 &+ 1)
    var rest = Self.operationCount / Self.seedCount
    var number = 0
    while rest > 0 {
      let bits = [8, 11, 13, 15, 12, 10, 14, 16][(number + seed) % 8]
      let count = min(rest, bits < 15 ? 5000 : 40_000)
      var scenario = try PageScenario(pageCountBits: bits, random: &random)
      try scenario.run(count, "seed \(seed), scenario \(number)", random: &random)
      rest -= count
      number += 1
    }
  }
}
