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
/// - What is freed is filled with ``freedByte``, and looked at when it is allocated again, and at
///   the hand-over.  It must be mapped.
/// - Behind an allocation of less than a page lie ``redZoneByteCount`` bytes of ``redZoneByte``,
///   which are looked at when a page is freed that has the allocation's end or any of them, and at
///   the hand-over.  The allocation takes that many more bytes: what comes after it has other
///   addresses than without the debug mode.
/// - An allocation that is not to be cleared is not touched: it has no red zone.
///
/// A byte of another value is reported as a line with its address, what was found there, and the
/// owner: `memory check: 0x41 instead of 0xbd at 0x1000064, behind the end of log`.
@safe
public struct MemoryChecks: ~Copyable {
  /// What freed memory is filled with.
  public static var freedByte: UInt8 { MemoryPattern.freed.byte }

  /// What lies behind small allocations.
  public static var redZoneByte: UInt8 { MemoryPattern.redZone.byte }

  /// How many such bytes there are.
  public static var redZoneByteCount: UInt8 { MemoryPattern.redZoneByteCount }

  /// Whether anything is checked.
  public let isOn: Bool

  /// How often memory was found changed.
  public private(set) var violationCount = 0

  /// How often a freed range was not filled, since there was no room to note it.
  public internal(set) var leftOutCount = 0

  /// What was freed and filled, with those who held it.
  var freed: OwnedRangeList

  private let context: UnsafeMutableRawPointer?
  private let write: BootMemoryPlatform.Write?

  /// No checks.
  init() {
    isOn = false
    freed = unsafe OwnedRangeList(storage: UnsafeMutableBufferPointer(start: nil, count: 0))
    unsafe context = nil
    unsafe write = nil
  }

  init(
    freedRanges: UnsafeMutableBufferPointer<OwnedRange>, context: UnsafeMutableRawPointer?,
    write: BootMemoryPlatform.Write?
  ) {
    isOn = true
    freed = unsafe OwnedRangeList(storage: freedRanges)
    unsafe self.context = unsafe context
    unsafe self.write = unsafe write
  }

  /// Notes that these bytes are not as they were left any more.
  @inline(never)
  mutating func removeFreed(_ bytes: AddressRange) {
    if isOn { leftOutCount += freed.remove(bytes) }
  }

  /// Reports the first byte of a range that is not of this pattern, if there is one.
  ///
  /// - Parameters:
  ///   - range: The bytes.
  ///   - memory: Where the first one is.
  ///   - place: What they are, such as `freed by`.
  ///   - owner: Whose they are, or were.
  @inline(never)
  mutating func check(
    _ range: AddressRange, at memory: UnsafeMutableRawPointer?, for pattern: MemoryPattern,
    _ place: StaticString, _ owner: MemoryOwner
  ) {
    guard let memory = unsafe memory else { return }
    var line = unsafe LineSink(context: context, write: write)
    guard
      unsafe pattern.firstOther(
        in: memory, byteCount: UInt(range.byteCount), at: range.start.rawValue, to: &line) != nil
    else { return }
    violationCount += 1
    line.write(place)
    line.write(" ")
    owner.write(to: &line)
    line.write("\n")
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
    unsafe checks = MemoryChecks(freedRanges: freedRanges, context: context, write: write)
  }
}

/// The checks of the calls that are entered in a ledger.
extension NamedAllocating where Self: ~Copyable {
  /// Checks all freed memory and all red zones, and reports each range that is not as it was left.
  ///
  /// - Returns: Their number; 0 without the debug mode.
  /// - Complexity: O(n) for n ranges, and O(bytes) for what was freed.
  @discardableResult
  public borrowing func checkMemory(in owners: inout OwnerTable) -> Int {
    let before = owners.checks.violationCount
    for index in 0..<owners.count {
      checkRedZone(of: owners[unchecked: index], &owners.checks)
    }
    for index in 0..<owners.checks.freed.count {
      checkFreed(owners.checks.freed[unchecked: index], &owners.checks)
    }
    return owners.checks.violationCount - before
  }

  /// Allocates with a red zone, looks at what was freed there, and clears it; nil where that is not
  /// possible, and then the request is to be satisfied without checks.
  mutating func allocateChecked(
    _ request: AllocationRequest, as owner: MemoryOwner, neededOnlyDuringBoot: Bool,
    in owners: inout OwnerTable
  ) -> PhysicalAddress? {
    guard request.clearsMemory, request.byteCount > 0 else { return nil }
    let isSmall = request.byteCount < PageFrame.byteCount
    var larger = request
    larger.clearsMemory = false
    if isSmall { larger.byteCount += UInt64(MemoryChecks.redZoneByteCount) }
    guard let address = try? allocate(larger) else { return nil }
    let taken = AddressRange(start: address, clampingByteCount: larger.byteCount)
    for index in 0..<owners.checks.freed.count {
      let freed = owners.checks.freed[unchecked: index]
      guard let part = freed.range.intersection(taken) else { continue }
      checkFreed(freed.replacing(part), &owners.checks)
    }
    owners.checks.removeFreed(taken)
    let held = OwnedRange(
      range: AddressRange(start: address, clampingByteCount: request.byteCount), owner: owner,
      isAllocated: true, isNeededOnlyDuringBoot: neededOnlyDuringBoot,
      redZoneByteCount: isSmall ? MemoryChecks.redZoneByteCount : 0)
    fill(held.range, with: MemoryPattern(byte: 0))
    if let zone = held.redZone { fill(zone, with: .redZone) }
    owners.note(held)
    return address
  }

  /// Looks at the red zones in whole pages that were freed, and fills the pages.
  func checkFreeing(_ bytes: AddressRange, in owners: inout OwnerTable) {
    let holder = owners.firstIndex(overlapping: bytes)
    let owner = holder.map { owners[unchecked: $0].owner } ?? "(no name)"
    for index in 0..<owners.count {
      let held = owners[unchecked: index]
      guard let zone = held.redZone, let last = held.range.last else { continue }
      let losesEnd = bytes.contains(last)
      guard losesEnd || zone.overlaps(bytes) else { continue }
      checkRedZone(of: held, &owners.checks)
      // Otherwise it goes with the end that it lies behind.
      if !losesEnd { owners.cutRedZone(ofRangeAt: index, below: bytes.start) }
    }
    owners.checks.removeFreed(bytes)
    guard owners.checks.freed.count < owners.checks.freed.capacity else {
      owners.checks.leftOutCount += 1
      return
    }
    owners.checks.freed.append(bytes, owner)
    fill(bytes, with: .freed)
  }

  @inline(never)
  private func checkRedZone(of held: OwnedRange, _ checks: inout MemoryChecks) {
    guard let zone = held.redZone else { return }
    unsafe checks.check(
      zone, at: pointer(to: zone.start), for: .redZone, "behind the end of",
      held.owner)
  }

  @inline(never)
  private func checkFreed(_ freed: OwnedRange, _ checks: inout MemoryChecks) {
    unsafe checks.check(
      freed.range, at: pointer(to: freed.range.start), for: .freed, "freed by",
      freed.owner)
  }

  @inline(never)
  private func fill(_ range: AddressRange, with pattern: MemoryPattern) {
    guard let memory = unsafe pointer(to: range.start) else { return }
    // What is allocated here is mapped, and fits the machine's words.
    unsafe pattern.fill(memory, byteCount: UInt(range.byteCount))
  }
}

extension OwnedRange {
  /// The red zone behind it, if it has one.
  var redZone: AddressRange? {
    guard redZoneByteCount > 0, let end = range.end else { return nil }
    return AddressRange(start: end, clampingByteCount: UInt64(redZoneByteCount))
  }
}
