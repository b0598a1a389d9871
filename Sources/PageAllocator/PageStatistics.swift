// SPDX-License-Identifier: MIT

/// How many pages are free, and in which blocks.
public struct PageStatistics: Sendable {
  /// The number of free pages.
  public private(set) var freePageCount: UInt64 = 0

  private var blockCounts = InlineArray<11, UInt64>(repeating: 0)

  /// Makes the statistics of no free pages.
  init() {}

  /// The number of free blocks of 2^`order` pages that are not part of a larger free block; 0 for
  /// an order that does not exist.
  public func freeBlockCount(ofOrder order: Int) -> UInt64 {
    blockCounts.indices.contains(order) ? blockCounts[order] : 0
  }

  mutating func add(_ count: UInt, blocksOfOrder order: UInt) {
    // These count the pages of one machine, so no sum or product overflows.
    blockCounts[Int(bitPattern: order)] &+= UInt64(count)
    freePageCount &+= UInt64(count) &<< UInt64(order)
  }
}
