// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Calls that are recorded in a ledger.
extension Ledger {
  /// Allocates memory for `owner` and records it in the ledger.
  ///
  /// The debug mode adds its checks where possible; see ``MemoryChecks``.
  ///
  /// - Parameters:
  ///   - byteCount: The number of bytes.
  ///   - clearing: Whether to fill them with zeros.
  ///   - owner: The owner.
  ///   - neededOnlyDuringBoot: Whether they can be released once the kernel has started.
  ///   - memory: The memory.
  ///   - allocate: Allocates a number of bytes there, cleared or not.
  /// - Returns: The address of the first byte.
  /// - Throws: What `allocate` throws; nothing is recorded then.
  /// - Complexity: O(1) more than `allocate`; in the debug mode O(n) for n freed ranges.
  package mutating func allocate<Memory: MappedMemory & ~Copyable, Failure: Error>(
    _ byteCount: Entry.Address, clearing: Bool, as owner: Entry.Owner, neededOnlyDuringBoot: Bool,
    in memory: inout Memory,
    by allocate: (inout Memory, Entry.Address, Bool) throws(Failure) -> Entry.Address
  ) throws(Failure) -> Entry.Address {
    let isChecked = isChecking && clearing
    var zoneByteCount: UInt8 = 0
    // A request for 0 bytes must stay one, so that it is refused.
    if isChecked, byteCount &- 1 < Entry.offsetMask {
      zoneByteCount = MemoryPattern.redZoneByteCount
    }
    // The checks need the contents unchanged, and clear the memory afterwards.
    var isCleared = clearing && !isChecked
    let first: Entry.Address
    do throws(Failure) {
      first = try allocate(&memory, byteCount &+ Entry.Address(zoneByteCount), isCleared)
    } catch {
      guard isChecked else { throw error }
      // Without a red zone there may be room.
      isCleared = true
      zoneByteCount = 0
      first = try allocate(&memory, byteCount, true)
    }
    // An allocation has at least one byte and does not wrap.
    let last = first &+ (byteCount &- 1)
    let end = last &+ Entry.Address(zoneByteCount)
    if isChecking, !isCleared {
      checkFreed(from: first, through: end, in: memory)
      if isChecked {
        fill(from: first, through: last, with: MemoryPattern(byte: 0), in: memory)
        fill(from: last &+ 1, through: end, with: .redZone, in: memory)
      }
    }
    freed.remove(from: first, through: end)
    held.append(
      Entry(
        first: first, last: last, owner: owner, isAllocated: true,
        isNeededOnlyDuringBoot: neededOnlyDuringBoot, redZoneByteCount: zoneByteCount))
    return first
  }

  /// Records a range that has been reserved.
  package mutating func noteReserved(
    _ start: Entry.Address, _ byteCount: Entry.Address, as owner: Entry.Owner,
    neededOnlyDuringBoot: Bool
  ) {
    // An empty range in the middle of a page touches that page; any other empty range touches none.
    guard byteCount > 0 || start & Entry.offsetMask != 0 else { return }
    // A reserved range does not wrap.
    let last = start &+ (byteCount &- 1)
    freed.remove(from: start & ~Entry.offsetMask, through: last | Entry.offsetMask)
    guard byteCount > 0 else { return }
    held.append(
      Entry(
        first: start, last: last, owner: owner, isAllocated: false,
        isNeededOnlyDuringBoot: neededOnlyDuringBoot, redZoneByteCount: 0))
  }

  /// Removes freed pages from the ledger; in the debug mode, also checks the red zones there and
  /// fills the pages.
  ///
  /// - Complexity: O(n), and in the debug mode O(bytes).
  package mutating func noteFreed(
    _ pages: PageRange, in memory: borrowing some MappedMemory & ~Copyable
  ) {
    if isChecking { checkFreeing(pages, in: memory) }
    let (first, last) = Entry.bounds(of: pages)
    held.remove(from: first, through: last)
  }
}
