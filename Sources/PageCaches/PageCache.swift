// SPDX-License-Identifier: MIT

/// Room for the cache of one processor: 128 words.
///
/// Its storage is the caller's; its content is not.
@safe public struct PageCache {
  private var words = InlineArray<128, UInt>(repeating: 0)

  /// No cache.
  public init() {}
}
