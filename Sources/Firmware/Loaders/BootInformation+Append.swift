// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the readers of all boot protocols have in common.
extension BootInformation {
  /// The most bytes in which the end of a text is looked for; Linux takes command lines of 2048.
  private static var textByteCountLimit: UInt64 { 4096 }

  /// The most modules that a list is read to.
  static var moduleCountLimit: UInt64 { 1024 }

  /// The most bytes that a list from a loader is read to, which is 43690 regions of memory.  More
  /// stands for a damaged size, and to follow it would take a boot that does not end.
  static var listByteCountLimit: UInt64 { 1 << 20 }

  /// The bytes of a list at `start`, with a report if it is too long to be one.
  func list<Memory: PhysicalMemoryReader>(
    at start: UInt64, byteCount: UInt64, limit: UInt64 = listByteCountLimit, in memory: Memory,
    of object: StaticString, reportingTo sink: inout some TextSink
  ) -> BoundedBytes<Memory> {
    let start = PhysicalAddress(start)
    if byteCount > limit {
      sink.report(
        FirmwareProblem(
          object, at: start, "is too large, and read in part only, with a size of",
          value: byteCount))
    }
    return BoundedBytes(memory, at: start, byteCount: min(byteCount, limit))
  }

  /// Appends a region of memory; one that wraps around the top of the address space is clipped.
  mutating func appendRegion(
    start: UInt64, byteCount: UInt64, kind: MemoryKind, of object: StaticString, number: UInt64,
    reportingTo sink: inout some TextSink
  ) {
    let start = PhysicalAddress(start)
    if regions.append(start: start, byteCount: byteCount, kind: kind) {
      sink.report(
        FirmwareProblem(
          object, number: number, at: start, "clipped at the top of the address space, has size",
          value: byteCount))
    }
  }

  /// Takes note of a text that ends in a zero byte.
  ///
  /// - Returns: The text without the zero; nil, and a report, if its end is not to be found.
  mutating func noteText(
    at address: PhysicalAddress, in memory: some PhysicalMemoryReader, owner: LoaderData,
    of object: StaticString, number: UInt64? = nil, reportingTo sink: inout some TextSink
  ) -> AddressRange? {
    let bytes = BoundedBytes(memory, at: address, byteCount: Self.textByteCountLimit)
    guard let text = bytes.text(),
      let range = AddressRange(start: address, byteCount: text.byteCount + 1)
    else {
      sink.report(FirmwareProblem(object, number: number, at: address, "has no end in reach"))
      return nil
    }
    heldRanges.append(range, owner)
    return text
  }

  /// Takes note of the next module, given as its first address and the one behind it.
  ///
  /// - Returns: Its number; nil, and a report, if its end lies below its start.
  mutating func noteModule(
    start: UInt64, end: UInt64, of object: StaticString, number: UInt64,
    reportingTo sink: inout some TextSink
  ) -> Int? {
    let start = PhysicalAddress(start)
    guard let range = AddressRange(start: start, end: PhysicalAddress(end)) else {
      sink.report(
        FirmwareProblem(object, number: number, at: start, "ends before its start", value: end))
      return nil
    }
    heldRanges.append(range, .module(moduleCount))
    moduleCount += 1
    return moduleCount - 1
  }

  /// Takes note of the next module, given as its first address and its size.
  ///
  /// - Returns: Its number.
  mutating func noteModule(
    start: UInt64, byteCount: UInt64, of object: StaticString, number: UInt64,
    reportingTo sink: inout some TextSink
  ) -> Int {
    let start = PhysicalAddress(start)
    let range = AddressRange(start: start, clampingByteCount: byteCount)
    if range.byteCount != byteCount {
      sink.report(
        FirmwareProblem(
          object, number: number, at: start, "clipped at the top of the address space, has size",
          value: byteCount))
    }
    heldRanges.append(range, .module(moduleCount))
    moduleCount += 1
    return moduleCount - 1
  }

  /// Makes a map of the sizes of memory below and above 1 MiB, where nothing better is known.
  mutating func appendMemory(lowerKibibyteCount: UInt32, upperKibibyteCount: UInt32) {
    // 32 bits times 1024 fit 64.
    if lowerKibibyteCount > 0 {
      regions.append(
        start: PhysicalAddress(0), byteCount: UInt64(lowerKibibyteCount) * 1024, kind: .usable)
    }
    if upperKibibyteCount > 0 {
      regions.append(
        start: PhysicalAddress(1 << 20), byteCount: UInt64(upperKibibyteCount) * 1024,
        kind: .usable)
    }
  }

  /// Takes note of `byteCount` bytes at `start`, clipped to the address space.
  mutating func note(start: UInt64, byteCount: UInt64, owner: LoaderData) {
    heldRanges.append(
      AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount), owner)
  }
}
