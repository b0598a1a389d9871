// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// The implementation of ``OwnerTable``, for any kind of entry.
///
/// These are Swift's entries, and those of C, which consist of words and names so that a kernel for
/// a 32-bit processor contains no code for wider numbers.
///
/// A ledger of all zeros is valid, and has no room.
@safe package struct Ledger<Entry: LedgerEntry>: ~Copyable {
  /// The entries: who holds what.
  package internal(set) var held: LedgerEntries<Entry>

  /// The ranges that were freed and filled by the debug mode, with their former owners.
  var freed: LedgerEntries<Entry>

  /// Whether the debug mode is on.
  package private(set) var isChecking = false

  /// The number of times that memory was found changed.
  package internal(set) var violationCount = 0

  /// Whether it has been reported that not all entries fit.
  package var isReportedFull = false

  private var context: UnsafeMutableRawPointer?
  private var write: BootMemoryPlatform.Write?

  /// The number of entries that the ledger would need room for.
  package var neededCapacity: Int { held.count + held.leftOutCount }

  /// Makes an empty ledger in storage that need not be initialised, but must stay valid.
  package init(storage: UnsafeMutableBufferPointer<Entry>) {
    held = unsafe LedgerEntries(storage: storage)
    freed = unsafe LedgerEntries(storage: UnsafeMutableBufferPointer(start: nil, count: 0))
  }

  /// Switches the debug mode on; see ``OwnerTable/startChecking(freedRanges:context:write:)``.
  package mutating func startChecking(
    freed: UnsafeMutableBufferPointer<Entry>, context: UnsafeMutableRawPointer?,
    write: BootMemoryPlatform.Write?
  ) {
    isChecking = true
    self.freed = unsafe LedgerEntries(storage: freed)
    unsafe self.context = unsafe context
    unsafe self.write = unsafe write
  }

  /// The sink for reports of changed memory.
  var sink: LineSink { unsafe LineSink(context: context, write: write) }

  /// Records a range or, if the ledger is full, counts it.  The debug mode no longer expects freed
  /// memory there.
  package mutating func note(_ entry: Entry) {
    freed.remove(from: entry.first, through: entry.last)
    held.append(entry)
  }

  /// Removes the bytes of a range from all entries.
  ///
  /// - Complexity: O(n), plus O(n) for each entry that is split in two.
  package mutating func remove(_ bytes: AddressRange) {
    guard let last = bytes.last else { return }
    held.remove(
      from: Entry.Address(truncatingIfNeeded: bytes.start.rawValue),
      through: Entry.Address(truncatingIfNeeded: last.rawValue))
  }
}
