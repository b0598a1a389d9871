// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// The debug mode of a ledger: it finds memory that is written to after it was freed, or past its
/// end.
///
/// It is off until ``OwnerTable/startChecking(freedRanges:context:write:)``.  Then it covers the
/// calls that are entered in the ledger, those of ``NamedAllocating``, and all calls should be:
///
/// - What is freed is filled with ``freedByte``, but for bitmaps, and looked at when it is allocated
///   again, and at the hand-over.  It must be mapped.
/// - Behind an allocation of less than a page lie ``redZoneByteCount`` bytes of ``redZoneByte``,
///   which are looked at when a page is freed that has the allocation's end or any of them, and at
///   the hand-over.  The allocation takes that many more bytes: what comes after it has other
///   addresses than without the debug mode.
/// - An allocation that is not to be cleared has no red zone, and is not changed, only looked at.
///
/// A byte of another value is reported as a line with its address, what was found there, and the
/// owner: `memory check: 0x41 instead of 0xbd at 0x1000064, behind the end of log`.
public struct MemoryChecks {
  /// What freed memory is filled with.
  public static var freedByte: UInt8 { MemoryPattern.freed.byte }

  /// What lies behind small allocations.
  public static var redZoneByte: UInt8 { MemoryPattern.redZone.byte }

  /// How many such bytes there are.
  public static var redZoneByteCount: UInt8 { MemoryPattern.redZoneByteCount }

  /// Whether anything is checked.
  public let isOn: Bool

  /// How often memory was found changed.
  public let violationCount: Int

  /// How often a freed range was not filled, since there was no room to note it.
  public let leftOutCount: Int

  init(_ ledger: borrowing Ledger<OwnedRange>) {
    isOn = ledger.isChecking
    violationCount = ledger.violationCount
    leftOutCount = ledger.freed.leftOutCount
  }
}

extension OwnerTable {
  /// Switches the debug mode on, see ``MemoryChecks``, before anything is entered that is to be
  /// checked.
  ///
  /// - Parameters:
  ///   - freedRanges: Room to note what was freed; where there is none left, it is counted and not
  ///     looked at.
  ///   - context: Handed to `write`.
  ///   - write: Takes a line for each violation, the line feed included; nil to count only.
  public mutating func startChecking(
    freedRanges: UnsafeMutableBufferPointer<OwnedRange>, context: UnsafeMutableRawPointer? = nil,
    write: BootMemoryPlatform.Write?
  ) {
    unsafe ledger.startChecking(freed: freedRanges, context: context, write: write)
  }
}

extension NamedAllocating where Self: ~Copyable {
  /// Checks all freed memory and all red zones, and reports each range that is not as it was left.
  ///
  /// - Returns: Their number; 0 without the debug mode.
  /// - Complexity: O(n) for n ranges, and O(bytes) for what was freed.
  @discardableResult
  public borrowing func checkMemory(in owners: inout OwnerTable) -> Int {
    owners.ledger.checkMemory(in: self)
  }
}
