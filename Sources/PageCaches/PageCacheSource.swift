// SPDX-License-Identifier: MIT

/// The page allocator below the caches, which is called under their lock.
package protocol PageCacheSource {
  /// Allocates 2^`order` pages; nil where there are none.  Nothing is reported.
  ///
  /// - Returns: The number of the first.
  func allocate(order: Int) -> UInt?

  /// Frees such a block that lay in a cache; what is refused is reported here.
  func free(_ block: UInt, order: Int)
}
