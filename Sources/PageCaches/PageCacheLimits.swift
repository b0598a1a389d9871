// SPDX-License-Identifier: MIT

/// How much the cache of a processor keeps.
public struct PageCacheLimits: Sendable {
  /// How many single pages, at most 104; with 0 every one comes from the page allocator, and each
  /// free is examined at once.
  public let pageCount: Int

  /// How many blocks of 2^9 pages, 2 MiB with pages of 4 KiB, at most 8.
  public let largeBlockCount: Int

  /// Makes limits; larger values are reduced to the maximum.
  public init(pageCount: Int = 64, largeBlockCount: Int = 0) {
    self.pageCount = min(max(pageCount, 0), ProcessorCache.maximumPageCount)
    self.largeBlockCount = min(max(largeBlockCount, 0), ProcessorCache.maximumLargeBlockCount)
  }
}
