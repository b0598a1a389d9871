// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Calls that are entered in a ledger.
extension Ledger {
  /// Allocates memory for `owner`, and enters that; in the debug mode with what that adds, see
  /// ``MemoryChecks``, where that is possible.
  ///
  /// - Parameters:
  ///   - byteCount: How many bytes.
  ///   - clearing: Whether they are to be zeros.
  ///   - owner: Whose they are.
  ///   - neededOnlyDuringBoot: Whether they can be released once the kernel has started.
  ///   - memory: The memory.
  ///   - allocate: Allocates so many bytes there, cleared or not.
  /// - Returns: The address of the first one.
  /// - Throws: What `allocate` throws; nothing is entered then.
  /// - Complexity: O(1) more than `allocate`; in the debug mode O(n) for what was freed.
  package mutating func allocate<Memory: MappedMemory & ~Copyable, Failure: Error>(
    _ byteCount: Entry.Address, clearing: Bool, as owner: Entry.Owner, neededOnlyDuringBoot: Bool,
    in memory: inout Memory,
    by allocate: (inout Memory, Entry.Address, Bool) throws(Failure) -> Entry.Address
  ) throws(Failure) -> Entry.Address {
    let isChecked = isChecking && clearing
    var zoneByteCount: UInt8 = 0
    // A request for no byte is refused, and stays one.
    if isChecked, byteCount &- 1 < Entry.offsetMask {
      zoneByteCount = MemoryPattern.redZoneByteCount
    }
    // The checks need what is there as it is, and clear it then.
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
    // What was allocated has a byte, and does not wrap.
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

  /// Enters what has been reserved.
  package mutating func noteReserved(
    _ start: Entry.Address, _ byteCount: Entry.Address, as owner: Entry.Owner,
    neededOnlyDuringBoot: Bool
  ) {
    // A range without a byte in the midst of a page touches that page, any other one none.
    guard byteCount > 0 || start & Entry.offsetMask != 0 else { return }
    // What was reserved does not wrap.
    let last = start &+ (byteCount &- 1)
    freed.remove(from: start & ~Entry.offsetMask, through: last | Entry.offsetMask)
    guard byteCount > 0 else { return }
    held.append(
      Entry(
        first: start, last: last, owner: owner, isAllocated: false,
        isNeededOnlyDuringBoot: neededOnlyDuringBoot, redZoneByteCount: 0))
  }

  /// Takes pages that have been freed out of the ledger; in the debug mode, looks at the red zones there
  /// and fills the pages.
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
