// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Linux's boot parameters for x86, the "zero page".
///
/// Source: Linux's documentation, `arch/x86/zero-page` and `arch/x86/boot` (protocol 2.15).
public struct LinuxBootParameters: BootProtocol {
  private enum Offset {
    static var extendedMemory: UInt64 { 0x002 }
    static var rootPointer: UInt64 { 0x070 }
    static var ramdiskHigh: UInt64 { 0x0c0 }
    static var ramdiskSizeHigh: UInt64 { 0x0c4 }
    static var commandLineHigh: UInt64 { 0x0c8 }
    static var alternativeMemory: UInt64 { 0x1e0 }
    static var entryCount: UInt64 { 0x1e8 }
    static var signature: UInt64 { 0x202 }
    static var version: UInt64 { 0x206 }
    static var ramdisk: UInt64 { 0x218 }
    static var ramdiskSize: UInt64 { 0x21c }
    static var commandLine: UInt64 { 0x228 }
    static var setupData: UInt64 { 0x250 }
    static var entries: UInt64 { 0x2d0 }
  }

  /// `HdrS`, the letters that the setup header has at ``Offset/signature``.
  private static var signature: UInt32 { 0x5372_6448 }

  /// The room for entries of the memory map in the page itself.
  private static var entryCapacity: UInt64 { 128 }

  /// The size of the structure in bytes, whatever size the kernel's pages have.
  private static var byteCount: UInt64 { 4096 }

  /// The end of low memory where only the size of extended memory is known, as Linux has it.
  private static var lowMemoryByteCount: UInt64 { 0x9f000 }

  /// Makes the reader.
  public init() {}

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` where there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    let page = BoundedBytes(memory, at: address, byteCount: Self.byteCount)
    guard let signature = page.load(UInt32.self, at: Offset.signature),
      let version = page.load(UInt16.self, at: Offset.version)
    else {
      throw .unreadable(FirmwareProblem("Linux boot parameters", at: address, "are out of reach"))
    }
    guard signature == Self.signature else {
      throw .unreadable(
        FirmwareProblem(
          "Linux boot parameters", at: address, "have no signature, but", value: UInt64(signature)))
    }
    information.heldRanges.append(page.range, .bootInformation)
    readMap(page, into: &information, reportingTo: &sink)
    if version >= 0x209, let first = page.load(UInt64.self, at: Offset.setupData) {
      LinuxSetupData(first: PhysicalAddress(first))
        .read(in: memory, into: &information, reportingTo: &sink)
    }
    if information.regions.count == 0 { readSizes(page, into: &information) }
    guard information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem("Linux boot parameters", at: address, "have no memory map"))
    }
    readFiles(page, version: version, into: &information, reportingTo: &sink)
  }

  private func readMap<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ page: BoundedBytes<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    guard let count = page.load(UInt8.self, at: Offset.entryCount),
      let entries = page.suffix(from: Offset.entries)
    else { return }
    if count > Self.entryCapacity {
      sink.report(
        FirmwareProblem(
          "Linux boot parameters", at: page.range.start, "have room for 128 entries, claim",
          value: UInt64(count)))
    }
    E820Table(entryCount: min(UInt64(count), Self.entryCapacity))
      .readEntries(
        at: entries.range.start.rawValue, in: page.memory, of: "Linux e820 entry",
        into: &information, reportingTo: &sink)
  }

  /// Makes a map of the sizes of extended memory that older BIOS calls gave, in KiB.
  private func readSizes(
    _ page: BoundedBytes<some PhysicalMemoryReader>, into information: inout BootInformation
  ) {
    let size88 = UInt64(page.load(UInt16.self, at: Offset.extendedMemory) ?? 0)
    let sizeE801 = UInt64(page.load(UInt32.self, at: Offset.alternativeMemory) ?? 0)
    let size = max(size88, sizeE801)
    guard size > 0 else { return }
    information.regions.append(
      start: PhysicalAddress(0), byteCount: Self.lowMemoryByteCount, kind: .usable)
    // 32 bits times 1024 fit 64.
    information.regions.append(
      start: PhysicalAddress(1 << 20), byteCount: size * 1024, kind: .usable)
  }

  private func readFiles<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ page: BoundedBytes<Memory>, version: UInt16, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    /// A number whose upper half lies elsewhere; halves that cannot be read are 0.
    func wide(_ low: UInt64, _ high: UInt64) -> UInt64 {
      UInt64(page.load(UInt32.self, at: high) ?? 0) << 32
        | UInt64(page.load(UInt32.self, at: low) ?? 0)
    }
    let text = wide(Offset.commandLine, Offset.commandLineHigh)
    if text != 0 {
      information.commandLine = information.noteText(
        at: PhysicalAddress(text), in: page.memory, owner: .commandLine, of: "Linux command line",
        reportingTo: &sink)
    }
    let ramdisk = wide(Offset.ramdisk, Offset.ramdiskHigh)
    let ramdiskByteCount = wide(Offset.ramdiskSize, Offset.ramdiskSizeHigh)
    if ramdisk != 0 && ramdiskByteCount != 0 {
      _ = information.noteModule(
        start: ramdisk, byteCount: ramdiskByteCount, of: "Linux ramdisk", number: 0,
        reportingTo: &sink)
    }
    if version >= 0x20e, let pointer = page.load(UInt64.self, at: Offset.rootPointer), pointer != 0
    {
      information.rootPointer = PhysicalAddress(pointer)
    }
  }
}
