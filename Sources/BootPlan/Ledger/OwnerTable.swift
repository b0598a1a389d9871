// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// A table of which memory is held, and by whom.
///
/// It lists what must be reserved before anything is allocated, lets an error message name the
/// owner of a page that turns out to be taken, and, if the kernel wants, is the ledger of all that
/// it allocates and reserves later.
///
/// The ledger is kept by calls that name the owner,
/// ``NamedAllocating/allocate(_:as:neededOnlyDuringBoot:in:)`` and similar ones; a kernel that does
/// not use them pays nothing.
///
/// The table lies in storage supplied by its creator.  Ranges may overlap; the one added first
/// names the owner.
public struct OwnerTable: ~Copyable {
  /// The implementation, shared with the C interface.
  var ledger: Ledger<OwnedRange>

  /// Makes an empty table in `storage`, which must stay valid, and not be accessed by others, as
  /// long as the table is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<OwnedRange>) {
    ledger = unsafe Ledger(storage: storage)
  }

  /// The number of ranges that there was no room for.
  public var leftOutCount: Int { ledger.held.leftOutCount }

  /// The debug mode; off unless ``startChecking(freedRanges:context:write:)`` is called.
  public var checks: MemoryChecks { MemoryChecks(ledger) }

  /// The number of ranges in the table.
  public var count: Int { ledger.held.count }

  /// The number of ranges that the table can hold.
  public var capacity: Int { ledger.held.capacity }

  /// The number of ranges that the table would need room for.
  public var neededCapacity: Int { ledger.neededCapacity }

  /// The range at `index`, counted from 0 in the order in which they were added.
  public subscript(index: Int) -> OwnedRange {
    precondition(index >= 0 && index < count)
    return self[unchecked: index]
  }

  /// The range at `index`, for callers that know that there is one, such as a loop over all.
  subscript(unchecked index: Int) -> OwnedRange { ledger.held[unchecked: index] }

  /// Adds a range; an empty one holds nothing and is ignored.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table is unchanged then.
  public mutating func add(_ range: AddressRange, _ owner: MemoryOwner) throws(BootPlanError) {
    guard !range.isEmpty else { return }
    guard !ledger.held.isFull else { throw .ownerTableFull(capacity: capacity) }
    ledger.held.append(OwnedRange(range: range, owner: owner))
  }

  /// Adds all ranges of `list`.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table then has as many as fit.
  public mutating func add(contentsOf list: borrowing OwnedRangeList) throws(BootPlanError) {
    for index in 0..<list.count { try add(list[index].range, list[index].owner) }
  }

  /// Adds a range of pages; one that is empty, or beyond 64-bit addresses, is ignored.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table is unchanged then.
  public mutating func add(_ pages: PageRange, _ owner: MemoryOwner) throws(BootPlanError) {
    guard let range = AddressRange(pages) else { return }
    try add(range, owner)
  }

  /// Adds a range or, if the table is full, counts it.
  ///
  /// Allocated memory stays allocated, whether or not there is room for its name.  The debug mode
  /// no longer expects freed memory there.
  public mutating func note(_ range: OwnedRange) {
    if !range.range.isEmpty { ledger.note(range) }
  }

  /// Removes bytes from all ranges, so that they have no owner afterwards.
  ///
  /// A range with bytes on both sides is split into two consecutive ones; if the table is full, the
  /// second one is counted.
  ///
  /// - Complexity: O(n), plus O(n) for each range that is split in two.
  public mutating func remove(_ bytes: AddressRange) {
    ledger.remove(bytes)
  }

  /// Marks the ranges of all owners that match `isNeeded` as needed only until the kernel has
  /// started.
  ///
  /// These are, for example, data that has been read and copied.
  ///
  /// - Complexity: O(n).
  public mutating func markNeededOnlyDuringBoot(where isNeeded: (MemoryOwner) -> Bool) {
    for index in 0..<count where isNeeded(self[unchecked: index].owner) {
      ledger.held[unchecked: index].isNeededOnlyDuringBoot = true
    }
  }

  /// Removes the range that was added last.
  ///
  /// - Precondition: There is one.
  public mutating func removeLast() {
    precondition(count > 0)
    ledger.held.removeLast()
  }

  /// The owner of `page`; nil if it has none.
  ///
  /// - Complexity: O(n).
  public borrowing func owner(of page: PageFrame) -> MemoryOwner? {
    firstRange(holding: page)?.owner
  }

  /// The owner of a byte, from the first range added that contains it; nil if it has none.
  ///
  /// - Complexity: O(n).
  public borrowing func owner(at address: PhysicalAddress) -> MemoryOwner? {
    ledger.held.first(holding: address.rawValue)?.owner
  }

  /// The first range that touches `page`; nil if it has no owner.
  ///
  /// - Complexity: O(n).
  public borrowing func firstRange(holding page: PageFrame) -> OwnedRange? {
    ledger.held.first(holding: page)
  }

  /// The first page after everything that is held in `window`; the start of the window if nothing
  /// is.
  ///
  /// - Complexity: O(n).
  public borrowing func highestEnd(in window: PageRange) -> PageFrame {
    var end = window.start
    for index in 0..<count {
      let pages = self[unchecked: index].range.touchedPages
      guard let part = pages.intersection(window) else { continue }
      end = max(end, part.end)
    }
    return end
  }

  /// The pages of a range in the table that overlaps `pages`; nil if none of `pages` has an owner.
  ///
  /// - Complexity: O(n).
  public borrowing func heldPages(overlapping pages: PageRange) -> PageRange? {
    for index in 0..<count {
      let held = self[unchecked: index].range.touchedPages
      if held.overlaps(pages) { return held }
    }
    return nil
  }

  /// Writes one range per line, each indented by two spaces.
  public borrowing func write(to sink: inout some TextSink) {
    for index in 0..<count {
      sink.write("  ")
      self[unchecked: index].write(to: &sink)
      sink.write("\n")
    }
  }
}
