// SPDX-License-Identifier: MIT

/// What a heap holds.
public struct HeapStatistics: Equatable, Sendable {
  /// How many allocations have not been freed.
  public var allocationCount: UInt64

  /// The number of pages that the allocations lie in, and of those kept for later.
  public var pageCount: UInt64

  /// The number of pages that the heap has besides them, to find them by.
  public var indexPageCount: UInt64

  /// The number of pages that the source has refused to take back: the heap has forgotten them, and
  /// does not offer them again.
  public var refusedPageCount: UInt64

  /// Makes statistics of these figures.
  public init(
    allocationCount: UInt64, pageCount: UInt64, indexPageCount: UInt64, refusedPageCount: UInt64 = 0
  ) {
    self.allocationCount = allocationCount
    self.pageCount = pageCount
    self.indexPageCount = indexPageCount
    self.refusedPageCount = refusedPageCount
  }

  /// The number of pages that came from the source and have not gone back.
  var takenPageCount: UInt64 { pageCount &+ indexPageCount &+ refusedPageCount }
}
