// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Why the page allocator did not do what it was asked for.  In every case nothing has changed.
public enum PageAllocatorError: Error, Equatable, Sendable {
  /// No free block of this order fits.
  case outOfPages(order: Int)

  /// The order is not from 0 to 10.
  case orderOutOfRange(Int)

  /// There is no storage for a node of this number.
  case noSuchNode(NodeID)

  /// There is storage for fewer nodes than boot memory has.
  case tooFewNodes(count: Int, requiredCount: Int)

  /// Boot memory has no room for what the allocator must know of this node's pages.
  case noRoom(byteCount: UInt64, NodeID)

  /// Boot memory has been handed over already.
  case handedOver

  /// This page, which was to be freed as a block of this order, was not given out as one.
  case notAllocated(PageFrame, order: Int, PageFinding)

  /// This page of the range is not reserved, and so cannot be released.
  case notReserved(PageFrame)
}

/// What a page is.
public enum PageFinding: Equatable, Sendable {
  /// It lies in no node.
  case outsideNodes

  /// It is free.
  case free

  /// It has been reserved since boot, and was never released.
  case reserved

  /// It is the first page of an allocated block of this order.
  case block(order: Int)

  /// It lies in an allocated block, behind the first page.
  case insideBlock
}
