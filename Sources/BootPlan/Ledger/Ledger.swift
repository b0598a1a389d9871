// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// What an ``OwnerTable`` does, for entries of any kind: Swift's, and those of C, which are made of
/// words and names, so that a kernel for a 32-bit processor has no code for longer numbers.
///
/// All zeros are a ledger without room.
@safe package struct Ledger<Entry: LedgerEntry>: ~Copyable {
  /// Who holds what.
  package internal(set) var held: LedgerEntries<Entry>

  /// What was freed and filled by the debug mode, with those who held it.
  var freed: LedgerEntries<Entry>

  /// Whether the debug mode is on.
  package private(set) var isChecking = false

  /// How often memory was found changed.
  package internal(set) var violationCount = 0

  /// Whether it has been reported that there is no room for all.
  package var isReportedFull = false

  private var context: UnsafeMutableRawPointer?
  private var write: BootMemoryPlatform.Write?

  /// The number of entries that it would have to have room for.
  package var neededCapacity: Int { held.count + held.leftOutCount }

  /// Makes an empty ledger in storage that need not be initialised, and must stay.
  package init(storage: UnsafeMutableBufferPointer<Entry>) {
    held = unsafe LedgerEntries(storage: storage)
    freed = unsafe LedgerEntries(storage: UnsafeMutableBufferPointer(start: nil, count: 0))
  }

  /// Switches the debug mode on, see ``OwnerTable/startChecking(freedRanges:context:write:)``.
  package mutating func startChecking(
    freed: UnsafeMutableBufferPointer<Entry>, context: UnsafeMutableRawPointer?,
    write: BootMemoryPlatform.Write?
  ) {
    isChecking = true
    self.freed = unsafe LedgerEntries(storage: freed)
    unsafe self.context = unsafe context
    unsafe self.write = unsafe write
  }

  /// Takes a line about memory that was changed.
  var sink: LineSink { unsafe LineSink(context: context, write: write) }

  /// Enters a range or, where the ledger is full, counts it.  The debug mode does not look for freed
  /// memory there any more.
  package mutating func note(_ entry: Entry) {
    freed.remove(from: entry.first, through: entry.last)
    held.append(entry)
  }

  /// Takes the bytes of a range out of all entries.
  ///
  /// - Complexity: O(n), and O(n) for each one that becomes two.
  package mutating func remove(_ bytes: AddressRange) {
    guard let last = bytes.last else { return }
    held.remove(
      from: Entry.Address(truncatingIfNeeded: bytes.start.rawValue),
      through: Entry.Address(truncatingIfNeeded: last.rawValue))
  }
}
