// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The `hvm_start_info` of the PVH boot protocol, as Xen, QEMU and Cloud Hypervisor hand it over.
///
/// Source: Xen's public header `arch-x86/hvm/start_info.h`.
public struct PVHStartInformation: BootProtocol {
  /// The number at the start of the structure; the address is in EBX.
  public static var magic: UInt32 { 0x336e_c578 }

  private static var versionWithMemoryMap: UInt32 { 1 }

  /// The fields of `hvm_start_info`, named as in its header file.
  private enum StartInformation {
    static var magic: Field<UInt32> { 0 }
    static var version: Field<UInt32> { 4 }
    static var moduleCount: Field<UInt32> { 12 }
    static var moduleListAddress: Field<UInt64> { 16 }
    static var commandLineAddress: Field<UInt64> { 24 }
    static var rootPointerAddress: Field<UInt64> { 32 }
    static var memoryMapAddress: Field<UInt64> { 40 }
    static var memoryMapEntryCount: Field<UInt32> { 48 }

    static var byteCount: UInt64 { 56 }
  }

  /// The fields of `hvm_modlist_entry`.
  private enum Module {
    static var address: Field<UInt64> { 0 }
    static var size: Field<UInt64> { 8 }
    static var commandLineAddress: Field<UInt64> { 16 }

    static var byteCount: UInt64 { 32 }
  }

  /// The size in bytes of `hvm_memmap_table_entry`, an e820 entry with extended attributes.
  private static var mapEntryByteCount: UInt64 { 24 }

  /// Makes the reader.
  public init() {}

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let block = reading.bytes(at: address, byteCount: StartInformation.byteCount)
    guard let magic = block.load(StartInformation.magic),
      let version = block.load(StartInformation.version)
    else {
      throw .unreadable(FirmwareProblem("PVH start information", at: address, "is out of reach"))
    }
    guard magic == Self.magic else {
      throw .unreadable(
        FirmwareProblem(
          "PVH start information", at: address, "starts with another number",
          value: UInt64(magic)))
    }
    guard version >= Self.versionWithMemoryMap,
      let map = block.load(StartInformation.memoryMapAddress),
      let entryCount = block.load(StartInformation.memoryMapEntryCount), map != 0
    else {
      throw .unreadable(
        FirmwareProblem(
          "PVH start information", at: address, "has no memory map, is of version",
          value: UInt64(version)))
    }
    reading.information.heldRanges.append(block.range, .bootInformation)
    let table = E820Table(entryCount: UInt64(entryCount), entryByteCount: Self.mapEntryByteCount)
    reading.note(start: map, byteCount: table.tableByteCount, owner: .memoryMap)
    table.readEntries(
      at: map, of: "PVH memory map entry", with: &reading)
    guard reading.information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem("PVH memory map", at: PhysicalAddress(map), "has no entry in reach"))
    }
    if let text = block.load(StartInformation.commandLineAddress), text != 0 {
      reading.information.commandLine = reading.noteText(
        at: PhysicalAddress(text), owner: .commandLine, of: "PVH command line")
    }
    if let rootPointer = block.load(StartInformation.rootPointerAddress), rootPointer != 0 {
      reading.information.rootPointer = PhysicalAddress(rootPointer)
    }
    if let start = block.load(StartInformation.moduleListAddress),
      let count = block.load(StartInformation.moduleCount), count > 0
    {
      readModules(at: start, count: count, with: &reading)
    }
  }

  private func readModules(
    at start: UInt64, count: UInt32,
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    let list = reading.noteModuleList(
      at: start, count: count, entryByteCount: Module.byteCount, of: "PVH module list")
    for number in 0..<list.byteCount / Module.byteCount {
      guard let module = list.slice(at: number * Module.byteCount, byteCount: Module.byteCount),
        let start = module.load(Module.address), let byteCount = module.load(Module.size),
        let text = module.load(Module.commandLineAddress)
      else {
        reading.report(
          FirmwareProblem(
            "PVH module", number: number, at: list.range.start,
            "is out of reach, as are all behind it, of", value: UInt64(count)))
        return
      }
      let index = reading.noteModule(
        start: start, byteCount: byteCount, of: "PVH module", number: number)
      guard text != 0 else { continue }
      _ = reading.noteText(
        at: PhysicalAddress(text), owner: .moduleCommandLine(index),
        of: "PVH module command line", number: number)
    }
  }
}
