// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Which memory is held, and by whom: what must be reserved before anything is allocated, what
/// an error message names when a page turns out to be taken, and, where the kernel wants it, the
/// ledger of all that it allocates and reserves later.
///
/// A ledger is kept by calls that name the owner,
/// ``NamedAllocating/allocate(_:as:neededOnlyDuringBoot:in:)`` and its like; a kernel that does not
/// make them pays nothing.
///
/// The table lies in its owner's storage.  Ranges may overlap; the one that was added first names
/// the holder.
public struct OwnerTable: ~Copyable {
  private var ranges: OwnedRangeList

  /// How many ranges there was no room for.
  public private(set) var leftOutCount = 0

  /// The debug mode; off unless ``startChecking(freedRanges:context:write:)`` is called.
  public internal(set) var checks = MemoryChecks()

  /// Makes an empty table in `storage`, which must stay valid, and untouched by others, as long as
  /// the table is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<OwnedRange>) {
    ranges = unsafe OwnedRangeList(storage: storage)
  }

  /// The number of ranges in the table.
  public var count: Int { ranges.count }

  /// The number of ranges that the table can hold.
  public var capacity: Int { ranges.capacity }

  /// The number of ranges that the table would have to hold.
  public var neededCapacity: Int { count + leftOutCount }

  /// The range at `index`, counted from 0 in the order in which they were added.
  public subscript(index: Int) -> OwnedRange { ranges[index] }

  /// The same where the caller knows that there is one: a loop over all.
  subscript(unchecked index: Int) -> OwnedRange { ranges[unchecked: index] }

  /// Adds a range; an empty one holds nothing and is left out.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table is unchanged then.
  public mutating func add(_ range: AddressRange, _ owner: MemoryOwner) throws(BootPlanError) {
    guard count < capacity || range.isEmpty else { throw .ownerTableFull(capacity: capacity) }
    ranges.append(range, owner)
  }

  /// Adds all ranges of `list`.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table has as many as fit then.
  public mutating func add(contentsOf list: borrowing OwnedRangeList) throws(BootPlanError) {
    for index in 0..<list.count { try add(list[index].range, list[index].owner) }
  }

  /// Adds a range of pages; one without pages, or beyond 64-bit addresses, is left out.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table is unchanged then.
  public mutating func add(_ pages: PageRange, _ owner: MemoryOwner) throws(BootPlanError) {
    guard let range = AddressRange(pages) else { return }
    try add(range, owner)
  }

  /// Adds a range or, where the table is full, counts it: memory that is allocated stays so,
  /// whether or not there is room for its name.  The debug mode does not look for freed memory
  /// there any more.
  public mutating func note(_ range: OwnedRange) {
    guard !range.range.isEmpty else { return }
    checks.removeFreed(range.range)
    guard count < capacity else {
      leftOutCount += 1
      return
    }
    ranges.append(range)
  }

  /// Removes bytes from all ranges: they have no owner afterwards.
  ///
  /// A range that has bytes on both sides becomes two, of which the second one comes last, or is
  /// counted where the table is full.
  ///
  /// - Complexity: O(n²), O(n) where less than a whole range is taken out.
  public mutating func remove(_ bytes: AddressRange) {
    leftOutCount += ranges.remove(bytes)
  }

  /// Takes the range at `index` out; those behind it move up.
  ///
  /// - Precondition: There is one.
  /// - Complexity: O(n).
  mutating func remove(at index: Int) {
    ranges.remove(at: index)
  }

  /// Shortens the red zone of the range at `index` to what lies below `end`, an address in the
  /// zone.
  ///
  /// - Precondition: There is one.
  mutating func cutRedZone(ofRangeAt index: Int, below end: PhysicalAddress) {
    guard let zone = ranges[index].redZone else { return }
    // The zone has at most as many bytes as it had.
    ranges[index].redZoneByteCount = UInt8(truncatingIfNeeded: end.rawValue &- zone.start.rawValue)
  }

  /// Takes the bytes below `end` out of the range at `index`.
  ///
  /// - Precondition: There is one, and it reaches beyond `end`.
  mutating func cutFront(ofRangeAt index: Int, below end: PhysicalAddress) {
    let held = ranges[index]
    guard end > held.range.start, let last = held.range.last,
      let rest = AddressRange(first: end, last: last)
    else { return }
    ranges[index] = held.replacing(rest)
  }

  /// Marks the ranges of those owners that `isNeeded` names as needed only until the kernel has
  /// started: what was read and copied, say.
  ///
  /// - Complexity: O(n).
  public mutating func markNeededOnlyDuringBoot(where isNeeded: (MemoryOwner) -> Bool) {
    for index in 0..<count where isNeeded(self[index].owner) {
      ranges[index].isNeededOnlyDuringBoot = true
    }
  }

  /// Removes the range that was added last.
  ///
  /// - Precondition: There is one.
  public mutating func removeLast() {
    ranges.removeLast()
  }

  /// The index of the first range that has any of these bytes; nil if there is none.
  borrowing func firstIndex(overlapping bytes: AddressRange) -> Int? {
    for index in 0..<count where self[unchecked: index].range.overlaps(bytes) { return index }
    return nil
  }

  /// Whether the range at `index` is `owner`'s.
  @inline(never)
  borrowing func isHeld(_ index: Int, by owner: MemoryOwner) -> Bool {
    ranges[unchecked: index].owner == owner
  }

  /// The owner of `page`; nil if it has none.
  ///
  /// - Complexity: O(n).
  public borrowing func owner(of page: PageFrame) -> MemoryOwner? {
    firstRange(holding: page)?.owner
  }

  /// The owner of a byte, whose range was entered first; nil if it has none.
  ///
  /// - Complexity: O(n).
  public borrowing func owner(at address: PhysicalAddress) -> MemoryOwner? {
    firstIndex(overlapping: AddressRange(start: address, clampingByteCount: 1)).map {
      self[unchecked: $0].owner
    }
  }

  /// The first range that touches `page`; nil if it has no owner.
  ///
  /// - Complexity: O(n).
  public borrowing func firstRange(holding page: PageFrame) -> OwnedRange? {
    for index in 0..<count where self[unchecked: index].range.touchedPages.contains(page) {
      return self[unchecked: index]
    }
    return nil
  }

  /// The first page behind everything in `window` that is held; the start of the window if nothing
  /// there is.
  ///
  /// - Complexity: O(n).
  public borrowing func highestEnd(in window: PageRange) -> PageFrame {
    var end = window.start
    for index in 0..<count {
      guard let part = self[index].range.touchedPages.intersection(window) else { continue }
      end = max(end, part.end)
    }
    return end
  }

  /// The pages of a range in the table that overlaps `pages`; nil if none of `pages` has an owner.
  ///
  /// - Complexity: O(n).
  public borrowing func heldPages(overlapping pages: PageRange) -> PageRange? {
    for index in 0..<count {
      let held = self[index].range.touchedPages
      if held.overlaps(pages) { return held }
    }
    return nil
  }

  /// Writes one range a line, each behind two spaces.
  public borrowing func write(to sink: inout some TextSink) {
    ranges.write(to: &sink)
  }
}
