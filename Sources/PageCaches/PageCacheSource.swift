// SPDX-License-Identifier: MIT

/// The page allocator below the caches, which is called under their lock.
package protocol PageCacheSource {
  /// Allocates 2^`order` pages; nil where there are none.  Nothing is reported.
  ///
  /// - Returns: The number of the first page.
  func allocate(order: Int) -> UInt?

  /// Frees a block of 2^`order` pages that lay in a cache; the source reports what it refuses.
  func free(_ block: UInt, order: Int)
}
