// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A block of 2^`order` page frames, the first one with a number divisible by 2^`order`, as a page
/// allocator takes it.
public struct PageBlock: Hashable, Sendable {
  /// The first page frame.
  public let first: PageFrame

  /// log2 of the number of page frames.
  public let order: Int

  /// The node that the pages belong to; for a bitmap's pages, the node that the bitmap is of.
  public let node: NodeID

  /// The number of page frames.
  @inlinable
  public var pageCount: UInt64 { 1 << UInt64(order) }

  /// Makes a block; nil if no block has this order, or if `first` is not divisible by its size.
  @inlinable
  public init?(first: PageFrame, order: Int, node: NodeID) {
    guard (0..<PageFrame.numberBitCount).contains(order),
      first.number & ((1 << UInt64(order)) - 1) == 0
    else {
      return nil
    }
    self.first = first
    self.order = order
    self.node = node
  }

  /// Makes a block without a check, where the code in this module has proven the alignment.
  init(uncheckedFirst first: PageFrame, order: Int, node: NodeID) {
    self.first = first
    self.order = order
    self.node = node
  }
}
