// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Why boot memory did not do what it was asked to do.
///
/// Nothing has changed then, except for the hints that a failed exclusive reserve lowers, as in
/// Linux.
public enum BootMemoryError: Error, Equatable, Sendable {
  /// No free memory fits an allocation of this size.
  case outOfMemory(byteCount: UInt64)

  /// An exclusive reserve met this page, which is already reserved (`-EBUSY`).
  case alreadyReserved(PageFrame)

  /// An exclusive reserve met this page, which is already reserved and holds that node's bitmap.
  case bitmapReserved(PageFrame, NodeID)

  /// The memory has been handed over to the page allocator.
  case handedOver

  /// The call itself was wrong (Linux: `BUG`).
  case misuse(BootMemoryMisuse)
}

/// What was wrong with a call.
public enum BootMemoryMisuse: Equatable, Sendable {
  /// A page that was to be freed is already free.
  case alreadyFree(PageFrame)

  /// This page of the range lies in no node: outside of all, or in a hole.
  case outsideNodes(PageFrame)

  /// This page of the range lies outside the node that the call named.
  case outsideNode(PageFrame, NodeID)

  /// The range begins at this address and reaches beyond the address space.
  case beyondAddressSpace(PhysicalAddress)

  /// An allocation of 0 bytes.
  case zeroByteCount

  /// The alignment, in bytes, is not a power of two.
  case alignmentNotPowerOfTwo(UInt64)

  /// There is no storage for a node of this number.
  case noSuchNode(NodeID)

  /// The node is already registered.
  case nodeAlreadyRegistered(NodeID)

  /// A node cannot span these pages, since they overlap those of another.
  case nodeOverlaps(PageRange, NodeID)

  /// The pages of a node's bitmap overlap those of another node's bitmap.
  case bitmapOverlaps(PageRange, NodeID)

  /// A bitmap's memory is smaller than it must be.
  case bitmapTooSmall(byteCount: UInt64, requiredByteCount: UInt64)

  /// A bitmap cannot lie at a nil pointer or one that is not aligned for a pointer.
  case bitmapMisplaced(UInt)

  /// The largest order of blocks at hand-over is below 0, or no block in 64-bit addresses is so
  /// large.
  case orderOutOfRange(Int)

  /// A late release was asked for before the hand-over.
  case notHandedOver
}
