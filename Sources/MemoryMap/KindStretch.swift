// SPDX-License-Identifier: MIT

/// A stretch of the numbers of bytes, or of pages, and what the memory there is good for.
///
/// Both ends are included, so that all of an address space is one stretch.
package struct KindStretch: Hashable {
  /// The first address, or page frame number.
  package let first: UInt64

  /// The last one, not below the first.
  package let last: UInt64

  /// What the memory there is good for.
  package let kind: MemoryKind

  /// Makes a stretch.
  package init(first: UInt64, last: UInt64, kind: MemoryKind) {
    self.first = first
    self.last = last
    self.kind = kind
  }
}
