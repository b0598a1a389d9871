// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the readers of all boot protocols have in common.
extension BootReading {
  /// The number of bytes in which the end of a text is searched for; Linux takes command lines of
  /// 2048.
  private static var textByteCountLimit: UInt64 { 4096 }

  /// The maximum number of modules that are read from a list.
  private static var moduleCountLimit: UInt64 { 1024 }

  /// The maximum number of bytes that are read from a loader's list, which is 43690 regions of
  /// memory.
  ///
  /// A larger size is taken for damage: following it would make the boot endless.
  private static var listByteCountLimit: UInt64 { 1 << 20 }

  /// The `byteCount` bytes from `start` on, or fewer where the address space ends.
  func bytes(at start: PhysicalAddress, byteCount: UInt64) -> BoundedBytes<Memory> {
    BoundedBytes(memory, at: start, byteCount: byteCount)
  }

  /// The bytes of a list at `start`, cut off with a report if it is too long.
  @inline(never)
  mutating func list(
    at start: UInt64, byteCount: UInt64, limit: UInt64? = nil, of object: StaticString
  ) -> BoundedBytes<Memory> {
    let start = PhysicalAddress(start)
    let limit = limit ?? Self.listByteCountLimit
    if byteCount > limit {
      report(
        FirmwareProblem(
          object, at: start, "is too large, and read in part only, with a size of",
          value: byteCount))
    }
    return bytes(at: start, byteCount: min(byteCount, limit))
  }

  /// Reports any bytes after the last whole entry of a list.
  ///
  /// - Parameter byteCount: The number of such bytes.
  mutating func reportRest(of object: StaticString, at start: PhysicalAddress, _ byteCount: UInt64)
  {
    guard byteCount > 0 else { return }
    report(
      FirmwareProblem(
        object, at: start, "does not end with a whole entry; ignored at its end are bytes",
        value: byteCount))
  }

  /// Appends a region of memory; one that wraps around the top of the address space is clipped.
  @inline(never)
  mutating func appendRegion(
    start: UInt64, byteCount: UInt64, kind: MemoryKind, of object: StaticString, number: UInt64
  ) {
    let start = PhysicalAddress(start)
    if information.regions.append(start: start, byteCount: byteCount, kind: kind) {
      report(
        FirmwareProblem(
          object, number: number, at: start, "clipped at the top of the address space, has size",
          value: byteCount))
    }
  }

  /// Combines the first `count` regions and the rest, two maps of the same memory.
  ///
  /// Memory is usable if both maps call it usable; where they differ, the stricter one counts, with
  /// a report.
  mutating func keepUsable(inBothAt count: Int, of object: StaticString) {
    // Nothing can be said about an incomplete list, and no map will be made of it.
    guard information.regions.isComplete else { return }
    var differences = reports
    information.regions.keepUsable(inBothAt: count) { difference in
      differences.report(
        FirmwareProblem(
          object, at: difference.start, "differ, and the stricter one counts, over bytes",
          value: difference.byteCount))
    }
    reports = differences
  }

  /// Records a text that ends in a zero byte.
  ///
  /// - Returns: The text without the zero; nil, with a report, if its end is not found.
  @inline(never)
  mutating func noteText(
    at address: PhysicalAddress, owner: LoaderData, of object: StaticString, number: UInt64? = nil
  ) -> AddressRange? {
    let start = bytes(at: address, byteCount: Self.textByteCountLimit)
    guard let text = start.text(),
      let range = AddressRange(start: address, byteCount: text.byteCount + 1)
    else {
      report(FirmwareProblem(object, number: number, at: address, "has no end in reach"))
      return nil
    }
    information.heldRanges.append(range, owner)
    return text
  }

  /// Records a list of modules.
  ///
  /// - Returns: The part of the list that is read.
  mutating func noteModuleList(
    at start: UInt64, count: UInt32, entryByteCount: UInt64, of object: StaticString
  ) -> BoundedBytes<Memory> {
    // The size of 2^32 modules of a few dozen bytes each fits in 64 bits.
    let list = list(
      at: start, byteCount: UInt64(count) * entryByteCount,
      limit: Self.moduleCountLimit * entryByteCount, of: object)
    information.heldRanges.append(list.range, .moduleList)
    return list
  }

  /// Records the next module, given by its first address and the address just past its end.
  ///
  /// - Returns: Its number; nil, with a report, if its end lies below its start.
  @inline(never)
  mutating func noteModule(
    start: UInt64, end: UInt64, of object: StaticString, number: UInt64
  ) -> Int? {
    let start = PhysicalAddress(start)
    guard let range = AddressRange(start: start, end: PhysicalAddress(end)) else {
      report(
        FirmwareProblem(object, number: number, at: start, "ends before its start", value: end))
      return nil
    }
    information.heldRanges.append(range, .module(information.moduleCount))
    information.moduleCount += 1
    return information.moduleCount - 1
  }

  /// Records the next module, given by its first address and its size.
  ///
  /// - Returns: Its number.
  mutating func noteModule(
    start: UInt64, byteCount: UInt64, of object: StaticString, number: UInt64
  ) -> Int {
    let start = PhysicalAddress(start)
    let range = AddressRange(start: start, clampingByteCount: byteCount)
    if range.byteCount != byteCount {
      report(
        FirmwareProblem(
          object, number: number, at: start, "clipped at the top of the address space, has size",
          value: byteCount))
    }
    information.heldRanges.append(range, .module(information.moduleCount))
    information.moduleCount += 1
    return information.moduleCount - 1
  }

  /// Makes a map from the sizes of memory below and above 1 MiB, where nothing better is known.
  mutating func appendMemory(lowerKibibyteCount: UInt32, upperKibibyteCount: UInt32) {
    // A 32-bit number times 1024 fits in 64 bits.
    if lowerKibibyteCount > 0 {
      information.regions.append(
        start: PhysicalAddress(0), byteCount: UInt64(lowerKibibyteCount) * 1024, kind: .usable)
    }
    if upperKibibyteCount > 0 {
      information.regions.append(
        start: PhysicalAddress(1 << 20), byteCount: UInt64(upperKibibyteCount) * 1024,
        kind: .usable)
    }
  }

  /// Records `byteCount` bytes at `start`, clipped to the address space.
  mutating func note(start: UInt64, byteCount: UInt64, owner: LoaderData) {
    information.heldRanges.append(
      AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount), owner)
  }
}
