// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Allocating blocks on a node that has pages.
extension PageNode {
  /// Allocates a single page if one is ready; nil otherwise.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package mutating func allocateSinglePage(below limit: PageFrame) -> PageFrame? {
    guard let number = tree.allocateOwned(below: UInt(clamping: limit.number)) else { return nil }
    return PageFrame(UInt64(number))
  }

  /// Allocates a block if one that fits exactly is found quickly; nil otherwise.
  ///
  /// - Parameters:
  ///   - order: Below ``PageAllocator/wordOrder``.
  ///   - limit: The page frame that all pages must lie below.
  /// - Complexity: O(levels).
  @inline(__always)
  package mutating func allocateExactBlock(order: UInt, below limit: PageFrame) -> PageFrame? {
    guard let bit = tree.allocateExact(order: order, below: bit(of: limit)) else { return nil }
    return page(ofBit: bit)
  }

  /// Allocates a block; nil if the node has none.
  ///
  /// - Parameters:
  ///   - order: At most ``PageAllocator/maximumOrder``.
  ///   - limit: The page frame that all pages must lie below.
  /// - Complexity: O(levels), besides what ``PageAllocator/allocate(order:on:policy:below:)`` says
  ///   about memory that is examined for the first time.
  @inline(__always)
  package mutating func allocateBlock(order: UInt, below limit: PageFrame) -> PageFrame? {
    let end = bit(of: limit)
    guard
      let bit = tree.allocateSpare(order: order, below: end)
        ?? tree.allocate(order: order, count: 1 &<< order, below: end)
    else { return nil }
    return page(ofBit: bit)
  }
}
