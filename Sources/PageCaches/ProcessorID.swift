// SPDX-License-Identifier: MIT

/// The number of a processor, from 0 up to the number of caches.
public struct ProcessorID: Hashable, Sendable {
  /// The number.
  public let rawValue: Int

  /// Makes the number of a processor; whether that has a cache is checked only when it is used.
  @inlinable
  public init(_ rawValue: Int) {
    self.rawValue = rawValue
  }
}
