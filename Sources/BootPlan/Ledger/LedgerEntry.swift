// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// A range in a ledger, never empty: an ``/MemoryMap/OwnedRange``, or its counterpart in C, whose
/// addresses are machine words.
///
/// It is given by its first and last addresses, both of which can be expressed even at the top of
/// the address space.
package protocol LedgerEntry {
  associatedtype Address: FixedWidthInteger & UnsignedInteger
  associatedtype Owner: LedgerOwner

  /// Makes an entry of the bytes from `first` to `last`.
  init(
    first: Address, last: Address, owner: Owner, isAllocated: Bool, isNeededOnlyDuringBoot: Bool,
    redZoneByteCount: UInt8)

  /// The first address; only ever raised, up to `last`.
  var first: Address { get set }

  /// The last address; only ever lowered, down to `first`.
  var last: Address { get set }

  var owner: Owner { get }

  /// Whether it was allocated; see ``/MemoryMap/OwnedRange/isAllocated``.
  var isAllocated: Bool { get }

  /// Whether it can be released once the kernel has started.
  var isNeededOnlyDuringBoot: Bool { get }

  /// The number of bytes after `last` that belong to its red zone.
  var redZoneByteCount: UInt8 { get set }
}

/// The owner of an entry.
package protocol LedgerOwner: Equatable {
  /// The stand-in owner of freed memory that had none.
  static var nobody: Self { get }

  /// Writes the owner's name.
  func write(to sink: inout some TextSink)
}

extension MemoryOwner: LedgerOwner {
  package static var nobody: MemoryOwner { "(no name)" }
}

extension OwnedRange: LedgerEntry {
  package init(
    first: UInt64, last: UInt64, owner: MemoryOwner, isAllocated: Bool,
    isNeededOnlyDuringBoot: Bool, redZoneByteCount: UInt8
  ) {
    self.init(
      range: AddressRange(from: first, through: last), owner: owner, isAllocated: isAllocated,
      isNeededOnlyDuringBoot: isNeededOnlyDuringBoot, redZoneByteCount: redZoneByteCount)
  }

  package var first: UInt64 {
    get { range.start.rawValue }
    set { self = replacing(AddressRange(from: newValue, through: last)) }
  }

  package var last: UInt64 {
    // No range in a ledger is empty, and none wraps.
    get { range.start.rawValue &+ (range.byteCount &- 1) }
    set { self = replacing(AddressRange(from: first, through: newValue)) }
  }
}

extension LedgerEntry {
  /// The size in bytes; no entry covers all 2^64.
  var byteCount: UInt64 { UInt64(last &- first) &+ 1 }

  /// The page with the first byte.
  var firstPage: Address { first &>> Self.pageShift }

  /// The page with the last byte.
  var lastPage: Address { last &>> Self.pageShift }

  /// The pages that are its own, as ``/MemoryMap/OwnedRange/ownPages``: the first one, and the one
  /// just past the last, which lies below the first if there are none.
  var ownPages: (start: Address, end: Address) {
    // Every page number has a successor.
    var (start, end) = (firstPage, lastPage &+ 1)
    if isAllocated {
      if first & Self.offsetMask != 0 { start &+= 1 }
      if last & Self.offsetMask != Self.offsetMask { end &-= 1 }
    }
    return (start, end)
  }

  /// The first and the last address of a non-empty range of pages.
  static func bounds(of pages: PageRange) -> (first: Address, last: Address) {
    // The end of all pages wraps to 0, which makes the last address the largest one.
    (
      Address(truncatingIfNeeded: pages.start.number) &<< pageShift,
      (Address(truncatingIfNeeded: pages.end.number) &<< pageShift) &- 1
    )
  }

  /// The binary logarithm of a page's size.
  static var pageShift: Address { Address(PageFrame.byteCountShift) }

  /// The mask of the address bits that are the offset in a page.
  static var offsetMask: Address { Address(truncatingIfNeeded: PageFrame.byteCount &- 1) }
}

extension AddressRange {
  /// Makes the range of addresses from `first` to `last`, which is not below `first`.
  fileprivate init(from first: UInt64, through last: UInt64) {
    // All 2^64 bytes are not a range, and never an entry.
    self.init(start: PhysicalAddress(first), clampingByteCount: last &- first &+ 1)
  }
}
