// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// The debug mode of a ledger, which finds writes to memory after it was freed, or past its end.
///
/// The debug mode is off until ``OwnerTable/startChecking(freedRanges:context:write:)``.  From then
/// on it covers the calls that are recorded in the ledger, those of ``NamedAllocating``; all calls
/// should go through these:
///
/// - Freed memory except for bitmaps is filled with ``freedByte``, and checked when it is allocated
///   again and at the hand-over.  It must be mapped.
/// - After an allocation of less than a page come ``redZoneByteCount`` bytes of ``redZoneByte``,
///   which are checked when a page is freed that contains the allocation's end or any of them, and
///   at the hand-over.  The allocation takes that many more bytes, so later allocations have other
///   addresses than without the debug mode.
/// - An allocation that is not cleared has no red zone, and is checked but not changed.
///
/// The first byte of a range with an unexpected value is reported as a line with its address, the
/// value found there, and the owner:
/// `memory check: 0x41 instead of 0xbd at 0x1000064, behind the end of log`.
public struct MemoryChecks {
  /// The byte that freed memory is filled with.
  public static var freedByte: UInt8 { MemoryPattern.freed.byte }

  /// The byte that fills the red zone after a small allocation.
  public static var redZoneByte: UInt8 { MemoryPattern.redZone.byte }

  /// The size of a red zone in bytes.
  public static var redZoneByteCount: UInt8 { MemoryPattern.redZoneByteCount }

  /// Whether anything is checked.
  public let isOn: Bool

  /// The number of times that memory was found changed.
  public let violationCount: Int

  /// The number of freed ranges that were not filled, as there was no room to record them.
  public let leftOutCount: Int

  init(_ ledger: borrowing Ledger<OwnedRange>) {
    isOn = ledger.isChecking
    violationCount = ledger.violationCount
    leftOutCount = ledger.freed.leftOutCount
  }
}

extension OwnerTable {
  /// Switches the debug mode on, before anything is recorded that is to be checked; see
  /// ``MemoryChecks``.
  ///
  /// - Parameters:
  ///   - freedRanges: Room to record freed ranges; a range that does not fit is counted and not
  ///     checked.
  ///   - context: Passed to `write`.
  ///   - write: Takes a line for each violation, the line feed included; nil to count only.
  public mutating func startChecking(
    freedRanges: UnsafeMutableBufferPointer<OwnedRange>, context: UnsafeMutableRawPointer? = nil,
    write: BootMemoryPlatform.Write?
  ) {
    unsafe ledger.startChecking(freed: freedRanges, context: context, write: write)
  }
}

extension NamedAllocating where Self: ~Copyable {
  /// Checks all freed memory and all red zones, and reports each range that has changed.
  ///
  /// - Returns: The number of changed ranges; 0 without the debug mode.
  /// - Complexity: O(n) for n ranges, plus O(bytes) for freed memory.
  @discardableResult
  public borrowing func checkMemory(in owners: inout OwnerTable) -> Int {
    owners.ledger.checkMemory(in: self)
  }
}
