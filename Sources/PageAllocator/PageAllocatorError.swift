// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Why the page allocator did not do what it was asked for.  In every case nothing has changed.
public enum PageAllocatorError: Error, Equatable, Sendable {
  /// No free block of this order fits.
  case outOfPages(order: Int)

  /// No run of that many free pages, the first divisible by the alignment, exists where it may lie.
  case outOfRuns(pageCount: UInt64, alignment: UInt64)

  /// The run would have no page, or its alignment is not a power of two.
  case notARun(pageCount: UInt64, alignment: UInt64)

  /// The order is not from 0 to 10.
  case orderOutOfRange(Int)

  /// There is no storage for a node of this number.
  case noSuchNode(NodeID)

  /// There is storage for fewer nodes than boot memory has.
  case tooFewNodes(count: Int, requiredCount: Int)

  /// Boot memory has no room for what the allocator must know about this node's pages.
  case noRoom(byteCount: UInt64, NodeID)

  /// Boot memory has been handed over already.
  case handedOver

  /// This page, which was to be freed as a block of this order, was not given out as one.
  case notAllocated(PageFrame, order: Int, PageFinding)

  /// These pages, which were to be freed or resized, were not given out as one run; the finding
  /// describes the first page.
  case runNotAllocated(PageRange, PageFinding)

  /// The run at this page is unchanged: the pages after it, up to this many in all, are not all
  /// free, in its node and below the limit.
  case cannotGrow(PageFrame, pageCount: UInt64)

  /// This page of the range cannot be released.
  case notReleasable(PageFrame, PageFinding)

  /// Boot memory has no node with pages.
  case noPages
}

/// What a page is.
public enum PageFinding: Equatable, Sendable {
  /// It lies in no node.
  case outsideNodes

  /// It is free.
  case free

  /// It has been reserved since boot, and was never released.
  case reserved

  /// It holds the bitmap of this node, which stays in use.
  case bitmap(NodeID)

  /// It holds what the page allocator knows about this node's pages besides the bitmap.
  case tree(NodeID)

  /// It is the first page of an allocated block of this order.
  case block(order: Int)

  /// It is the first page of an allocated run of that many pages, which is not a block.
  case run(pageCount: UInt64)

  /// It lies in an allocated block or run, after the first page.
  case insideBlock
}
