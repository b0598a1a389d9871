// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A range of memory and one fact about it: what it is good for, or which node it belongs to.
///
/// The names of its kinds say which range and which fact: ``MemoryRegion`` and ``PageRegion``,
/// ``MemoryAffinity`` and ``NodePages``.
public struct TaggedRange<Bounds: Hashable & Sendable, Tag: Hashable & Sendable>: Hashable,
  Sendable
{
  /// The addresses or pages.
  public let bounds: Bounds

  /// The fact about them.
  public let tag: Tag

  /// Makes a range with a fact about it.
  @inlinable
  public init(_ bounds: Bounds, _ tag: Tag) {
    self.bounds = bounds
    self.tag = tag
  }
}

/// A range of physical addresses, possibly empty if the firmware says so, and what the memory there
/// is good for.
public typealias MemoryRegion = TaggedRange<AddressRange, MemoryKind>

/// A nonempty range of pages and what the memory there is good for: an entry of a ``MemoryMap``.
public typealias PageRegion = TaggedRange<PageRange, MemoryKind>

/// The firmware's statement that a range of memory is near the processors of a node.
///
/// Whether all of its addresses have memory is for the memory map to say.
public typealias MemoryAffinity = TaggedRange<AddressRange, NodeID>

/// A range of pages and the node that it belongs to.
public typealias NodePages = TaggedRange<PageRange, NodeID>

/// A stretch of byte addresses or page frame numbers and what the memory there is good for.
///
/// Both ends are included, so that one stretch can cover a whole address space.
package typealias KindStretch = TaggedRange<ClosedRange<UInt64>, MemoryKind>

extension TaggedRange where Bounds == AddressRange {
  /// The addresses.
  @inlinable
  public var range: AddressRange { bounds }
}

extension TaggedRange where Bounds == PageRange {
  /// The pages.
  @inlinable
  public var pages: PageRange { bounds }
}

extension TaggedRange where Bounds == ClosedRange<UInt64> {
  /// The first address, or page frame number.
  package var first: UInt64 { bounds.lowerBound }

  /// The last address, or page frame number; not below the first.
  package var last: UInt64 { bounds.upperBound }
}

extension TaggedRange where Tag == MemoryKind {
  /// What the memory there is good for.
  @inlinable
  public var kind: MemoryKind { tag }
}

extension TaggedRange where Tag == NodeID {
  /// The node.
  @inlinable
  public var node: NodeID { tag }
}

extension TaggedRange where Bounds == AddressRange, Tag == MemoryKind {
  /// Makes a region.
  @inlinable
  public init(range: AddressRange, kind: MemoryKind) { self.init(range, kind) }
}

extension TaggedRange where Bounds == PageRange, Tag == MemoryKind {
  /// Makes a region.
  @inlinable
  public init(pages: PageRange, kind: MemoryKind) { self.init(pages, kind) }
}

extension TaggedRange where Bounds == AddressRange, Tag == NodeID {
  /// Makes an entry.
  @inlinable
  public init(range: AddressRange, node: NodeID) { self.init(range, node) }
}

extension TaggedRange where Bounds == PageRange, Tag == NodeID {
  /// Makes a range of a node.
  @inlinable
  public init(node: NodeID, pages: PageRange) { self.init(pages, node) }
}

extension TaggedRange where Bounds == ClosedRange<UInt64>, Tag == MemoryKind {
  /// Makes a stretch.
  ///
  /// - Precondition: The last number is not below the first.
  package init(first: UInt64, last: UInt64, kind: MemoryKind) { self.init(first...last, kind) }
}
