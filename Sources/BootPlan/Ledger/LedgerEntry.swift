// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// A range that a ledger holds, never an empty one: an ``/MemoryMap/OwnedRange``, or what C has in
/// its place, whose addresses are the machine's words.
///
/// It is known by its first and its last address, which both have a number even at the top of all.
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

  /// Whether it was allocated, see ``/MemoryMap/OwnedRange/isAllocated``.
  var isAllocated: Bool { get }

  /// Whether it can be released once the kernel has started.
  var isNeededOnlyDuringBoot: Bool { get }

  /// How many bytes behind `last` belong to its red zone.
  var redZoneByteCount: UInt8 { get set }
}

/// Who holds an entry.
package protocol LedgerOwner: Equatable {
  /// Who held memory that was freed without having an owner.
  static var nobody: Self { get }

  /// Writes who it is.
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
    // No range that a ledger holds is empty, and none wraps.
    get { range.start.rawValue &+ (range.byteCount &- 1) }
    set { self = replacing(AddressRange(from: first, through: newValue)) }
  }
}

extension LedgerEntry {
  /// The size in bytes; all 2^64 are no entry.
  var byteCount: UInt64 { UInt64(last &- first) &+ 1 }

  /// The page with the first byte.
  var firstPage: Address { first &>> Self.pageShift }

  /// The page with the last byte.
  var lastPage: Address { last &>> Self.pageShift }

  /// The pages that are its own, as ``/MemoryMap/OwnedRange/ownPages``: the first, and the one behind
  /// the last, which lies below the first if there is none.
  var ownPages: (start: Address, end: Address) {
    // A page has a number behind it.
    var (start, end) = (firstPage, lastPage &+ 1)
    if isAllocated {
      if first & Self.offsetMask != 0 { start &+= 1 }
      if last & Self.offsetMask != Self.offsetMask { end &-= 1 }
    }
    return (start, end)
  }

  /// The first and the last address of pages, of which there is one at least.
  static func bounds(of pages: PageRange) -> (first: Address, last: Address) {
    // The end of all pages becomes 0, and the last address the largest there is.
    (
      Address(truncatingIfNeeded: pages.start.number) &<< pageShift,
      (Address(truncatingIfNeeded: pages.end.number) &<< pageShift) &- 1
    )
  }

  /// The binary logarithm of a page's size.
  static var pageShift: Address { Address(PageFrame.byteCountShift) }

  /// The bits of an address that say where in its page it is.
  static var offsetMask: Address { Address(truncatingIfNeeded: PageFrame.byteCount &- 1) }
}

extension AddressRange {
  /// The range of addresses from `first` to `last`, which does not lie below it.
  fileprivate init(from first: UInt64, through last: UInt64) {
    // All 2^64 bytes are no range, and no entry.
    self.init(start: PhysicalAddress(first), clampingByteCount: last &- first &+ 1)
  }
}
