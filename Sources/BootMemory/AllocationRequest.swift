// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A request for memory: how much, how aligned, where.
///
/// The shorthands correspond to bootmem's macros: `alloc_bootmem` is ``cacheLines(byteCount:)``,
/// `alloc_bootmem_pages` is ``pages(byteCount:)``, `alloc_bootmem_low` is ``low(byteCount:)``,
/// `alloc_bootmem_low_pages` is ``lowPages(byteCount:)``; `_node` adds ``on(_:policy:)``.
public struct AllocationRequest: Equatable, Sendable {
  /// Where to look first.
  public enum Goal: Equatable, Sendable {
    /// Above the memory that old devices need (``BootMemoryPlatform/maxDMAAddress``), if possible.
    case preservingDMA

    /// At or above this address, if possible; address 0 means anywhere.
    case address(PhysicalAddress)

    /// Anywhere.
    public static var none: Goal { .address(PhysicalAddress(0)) }
  }

  /// The address that the memory must lie below.
  public enum Limit: Equatable, Sendable {
    /// No limit.
    case none

    /// ``BootMemoryPlatform/lowAddressLimit``, if the platform has one.
    case low

    /// This address, rounded down to a page; no memory lies below a limit in the first page.
    case address(PhysicalAddress)
  }

  /// How strictly a requested node is meant.
  public enum NodePolicy: Equatable, Sendable {
    /// The requested node first, then all others.
    case preferred

    /// The requested node and no other.
    case only

    /// The requested node at or above ``BootMemoryPlatform/maxDMA32PageFrame`` first, if it reaches
    /// more than 128 MiB beyond that; then as `preferred` (`__alloc_bootmem_node_high`).
    case high
  }

  /// The size in bytes; not 0.
  public var byteCount: UInt64

  /// The alignment in bytes, a power of two; 0 stands for a cache line.
  public var alignment: UInt64

  /// Where to look first.
  public var goal: Goal

  /// The address that the memory must lie below.
  public var limit: Limit

  /// The requested node; nil for any.
  public var node: NodeID?

  /// How strictly the node is meant.
  public var nodePolicy: NodePolicy

  /// Whether the memory is to be cleared; if not, it need not be mapped yet.
  public var clearsMemory: Bool

  /// Makes a request.
  @inlinable
  public init(
    byteCount: UInt64, alignment: UInt64 = 0, goal: Goal = .preservingDMA, limit: Limit = .none,
    node: NodeID? = nil, nodePolicy: NodePolicy = .preferred, clearsMemory: Bool = true
  ) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.goal = goal
    self.limit = limit
    self.node = node
    self.nodePolicy = nodePolicy
    self.clearsMemory = clearsMemory
  }

  /// Memory aligned to a cache line, above the DMA zone if possible (`alloc_bootmem`).
  @inlinable
  public static func cacheLines(byteCount: UInt64) -> AllocationRequest {
    AllocationRequest(byteCount: byteCount)
  }

  /// Memory aligned to a page, above the DMA zone if possible (`alloc_bootmem_pages`).
  @inlinable
  public static func pages(byteCount: UInt64) -> AllocationRequest {
    AllocationRequest(byteCount: byteCount, alignment: PageFrame.byteCount)
  }

  /// Memory aligned to a cache line, below the low limit (`alloc_bootmem_low`).
  @inlinable
  public static func low(byteCount: UInt64) -> AllocationRequest {
    AllocationRequest(byteCount: byteCount, goal: .none, limit: .low)
  }

  /// Memory aligned to a page, below the low limit (`alloc_bootmem_low_pages`).
  @inlinable
  public static func lowPages(byteCount: UInt64) -> AllocationRequest {
    AllocationRequest(
      byteCount: byteCount, alignment: PageFrame.byteCount, goal: .none, limit: .low)
  }

  /// A copy of this request that asks for a node.
  @inlinable
  public func on(_ node: NodeID, policy: NodePolicy = .preferred) -> AllocationRequest {
    var request = self
    request.node = node
    request.nodePolicy = policy
    return request
  }
}
