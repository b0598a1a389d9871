// SPDX-License-Identifier: MIT
import Foundation
import HeapModels
import PhysicalMemory
import TestSupport
import Testing

/// Random calls, legal and hostile, agree with a map of who has which bytes.
@Suite struct RandomHeapTests {
  /// The number of calls; `BOOTMEM_RANDOM_OPERATIONS` sets another, of which a tenth is enough here.
  static let operationCount: Int = {
    let text = ProcessInfo.processInfo.environment["BOOTMEM_RANDOM_OPERATIONS"]
    return text.flatMap { Int($0) }.map { $0 / 10 } ?? 100_000
  }()

  static let seedCount = 20

  @Test(.namingSeed, arguments: 0..<seedCount)
  func randomCalls_equalOwnerMap(seed: Int) throws {
    var random = SplitMix(stream: UInt64(seed) &* 0x9e37_79b9 &+ 7)
    let last = PageFrame.end.number - 2100
    let first: UInt64 = [0, 0x100, 0x3_ffc0, 0x40_0000, 1 << 34, last][seed % 6]
    let pageCount = [40, 300, 2000][seed % 3]
    var scenario = HeapScenario(pageCount: pageCount, from: first, random: &random)
    let count = Self.operationCount / Self.seedCount
    // Two thirds of the way boot memory serves.
    try scenario.run(count / 3, random: &random)
    try scenario.handOver(random: &random)
    try scenario.run(count / 3, random: &random)
    try scenario.freeAll(random: &random)
    try scenario.run(count / 3, random: &random)
    try scenario.freeAll(random: &random)
  }
}
