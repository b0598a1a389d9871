// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// Linux's boot parameters for x86, the "zero page".
///
/// Source: Linux's documentation, `arch/x86/zero-page` and `arch/x86/boot` (protocol 2.15).
public struct LinuxBootParameters: BootProtocol {
  /// The fields of `boot_params`, those of the setup header included.
  private enum Parameters {
    static var extendedMemory: Field<UInt16> { 0x002 }
    static var rootPointer: Field<UInt64> { 0x070 }
    static var ramdiskHigh: Field<UInt32> { 0x0c0 }
    static var ramdiskSizeHigh: Field<UInt32> { 0x0c4 }
    static var commandLineHigh: Field<UInt32> { 0x0c8 }
    static var alternativeMemory: Field<UInt32> { 0x1e0 }
    static var entryCount: Field<UInt8> { 0x1e8 }
    static var signature: Field<UInt32> { 0x202 }
    static var version: Field<UInt16> { 0x206 }
    static var ramdisk: Field<UInt32> { 0x218 }
    static var ramdiskSize: Field<UInt32> { 0x21c }
    static var commandLine: Field<UInt32> { 0x228 }
    static var setupData: Field<UInt64> { 0x250 }

    /// Where the table of the memory map starts.
    static var entries: UInt64 { 0x2d0 }
  }

  /// The versions of the protocol that added a field.
  private enum Version {
    static var setupData: UInt16 { 0x209 }
    static var rootPointer: UInt16 { 0x20e }
  }

  /// `HdrS`, the letters that the setup header contains at ``Parameters/signature``.
  private static var signature: UInt32 { 0x5372_6448 }

  /// The number of memory map entries that fit in the page itself.
  private static var entryCapacity: UInt64 { 128 }

  /// The size of the structure in bytes, regardless of the kernel's page size.
  private static var byteCount: UInt64 { 4096 }

  /// The end of low memory where only the size of extended memory is known, as in Linux.
  private static var lowMemoryByteCount: UInt64 { 0x9f000 }

  /// Makes the reader.
  public init() {}

  /// Whether the structure at `address` contains the letters of the setup header.
  static func hasSignature(at address: PhysicalAddress, in memory: some PhysicalMemoryReader)
    -> Bool
  {
    BoundedBytes(memory, at: address, byteCount: byteCount).load(Parameters.signature) == signature
  }

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let page = reading.bytes(at: address, byteCount: Self.byteCount)
    guard let signature = page.load(Parameters.signature),
      let version = page.load(Parameters.version)
    else {
      throw .unreadable(FirmwareProblem("Linux boot parameters", at: address, "are out of reach"))
    }
    guard signature == Self.signature else {
      throw .unreadable(
        FirmwareProblem(
          "Linux boot parameters", at: address, "have no signature, but", value: UInt64(signature)))
    }
    reading.information.heldRanges.append(page.range, .bootInformation)
    readMap(page, with: &reading)
    if version >= Version.setupData, let first = page.load(Parameters.setupData) {
      LinuxSetupData(first: PhysicalAddress(first))
        .read(with: &reading)
    }
    if reading.information.regions.count == 0 { readSizes(page, with: &reading) }
    guard reading.information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem("Linux boot parameters", at: address, "have no memory map"))
    }
    readFiles(page, version: version, with: &reading)
  }

  private func readMap<Memory>(
    _ page: BoundedBytes<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    guard let count = page.load(Parameters.entryCount),
      let entries = page.suffix(from: Parameters.entries)
    else { return }
    if count > Self.entryCapacity {
      reading.report(
        FirmwareProblem(
          "Linux boot parameters", at: page.range.start, "have room for 128 entries, claim",
          value: UInt64(count)))
    }
    E820Table(entryCount: min(UInt64(count), Self.entryCapacity))
      .readEntries(
        at: entries.range.start.rawValue, of: "Linux e820 entry", with: &reading)
  }

  /// Makes a map from the sizes of extended memory that older BIOS calls returned, in KiB.
  private func readSizes<Memory>(
    _ page: BoundedBytes<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    let size88 = UInt64(page.load(Parameters.extendedMemory) ?? 0)
    let sizeE801 = UInt64(page.load(Parameters.alternativeMemory) ?? 0)
    let size = max(size88, sizeE801)
    guard size > 0 else { return }
    reading.information.regions.append(
      start: PhysicalAddress(0), byteCount: Self.lowMemoryByteCount, kind: .usable)
    // Numbers of up to 32 bits times 1024 fit in 64 bits.
    reading.information.regions.append(
      start: PhysicalAddress(1 << 20), byteCount: size * 1024, kind: .usable)
  }

  private func readFiles<Memory>(
    _ page: BoundedBytes<Memory>, version: UInt16,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    /// A number whose upper half lies elsewhere; 0 if either half cannot be read.
    func wide(_ low: Field<UInt32>, _ high: Field<UInt32>) -> UInt64 {
      guard let low = page.load(low), let high = page.load(high) else { return 0 }
      return UInt64(high) << 32 | UInt64(low)
    }
    let text = wide(Parameters.commandLine, Parameters.commandLineHigh)
    if text != 0 {
      reading.information.commandLine = reading.noteText(
        at: PhysicalAddress(text), owner: .commandLine, of: "Linux command line")
    }
    let ramdisk = wide(Parameters.ramdisk, Parameters.ramdiskHigh)
    let ramdiskByteCount = wide(Parameters.ramdiskSize, Parameters.ramdiskSizeHigh)
    if ramdisk != 0 && ramdiskByteCount != 0 {
      _ = reading.noteModule(
        start: ramdisk, byteCount: ramdiskByteCount, of: "Linux ramdisk", number: 0)
    }
    if version >= Version.rootPointer, let pointer = page.load(Parameters.rootPointer), pointer != 0
    {
      reading.information.rootPointer = PhysicalAddress(pointer)
    }
  }
}
