// SPDX-License-Identifier: MIT

/// What a heap holds.
public struct HeapStatistics: Equatable, Sendable {
  /// How many allocations have not been freed.
  public var allocationCount: UInt64

  /// The pages that they lie in.
  public var pageCount: UInt64

  /// The pages that the heap has beside them, to find them by.
  public var indexPageCount: UInt64

  /// Makes statistics of these figures.
  public init(allocationCount: UInt64, pageCount: UInt64, indexPageCount: UInt64) {
    self.allocationCount = allocationCount
    self.pageCount = pageCount
    self.indexPageCount = indexPageCount
  }
}
