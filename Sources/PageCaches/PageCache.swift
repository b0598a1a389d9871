// SPDX-License-Identifier: MIT

/// Room for the cache of one processor: 128 words.
///
/// Its storage belongs to the caller, its content to the caches.
@safe public struct PageCache {
  private var words = InlineArray<128, UInt>(repeating: 0)

  /// Makes storage that holds no cache yet.
  public init() {}
}
