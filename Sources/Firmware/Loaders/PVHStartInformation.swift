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

  /// Makes the reader.
  public init() {}

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` where there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    let block = BoundedBytes(memory, at: address, byteCount: 56)
    guard let magic = block.load(UInt32.self, at: 0), let version = block.load(UInt32.self, at: 4)
    else {
      throw .unreadable(FirmwareProblem("PVH start information", at: address, "is out of reach"))
    }
    guard magic == Self.magic else {
      throw .unreadable(
        FirmwareProblem(
          "PVH start information", at: address, "starts with another number",
          value: UInt64(magic)))
    }
    guard version >= Self.versionWithMemoryMap, let map = block.load(UInt64.self, at: 40),
      let entryCount = block.load(UInt32.self, at: 48), map != 0
    else {
      throw .unreadable(
        FirmwareProblem(
          "PVH start information", at: address, "has no memory map, is of version",
          value: UInt64(version)))
    }
    information.heldRanges.append(block.range, .bootInformation)
    let table = E820Table(entryCount: UInt64(entryCount), entryByteCount: 24)
    information.note(start: map, byteCount: table.tableByteCount, owner: .memoryMap)
    table.readEntries(
      at: map, in: memory, of: "PVH memory map entry", into: &information, reportingTo: &sink)
    guard information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem("PVH memory map", at: PhysicalAddress(map), "has no entry in reach"))
    }
    if let text = block.load(UInt64.self, at: 24), text != 0 {
      information.commandLine = information.noteText(
        at: PhysicalAddress(text), in: memory, owner: .commandLine, of: "PVH command line",
        reportingTo: &sink)
    }
    if let rootPointer = block.load(UInt64.self, at: 32), rootPointer != 0 {
      information.rootPointer = PhysicalAddress(rootPointer)
    }
    if let start = block.load(UInt64.self, at: 16), let count = block.load(UInt32.self, at: 12),
      count > 0
    {
      readModules(at: start, count: count, in: memory, into: &information, reportingTo: &sink)
    }
  }

  private func readModules<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at start: UInt64, count: UInt32, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    let list = information.list(
      at: start, byteCount: UInt64(count) * 32,
      limit: BootInformation.moduleCountLimit * 32, in: memory, of: "PVH module list",
      reportingTo: &sink)
    information.heldRanges.append(list.range, .moduleList)
    for number in 0..<list.byteCount / 32 {
      guard let start = list.load(UInt64.self, at: number * 32),
        let byteCount = list.load(UInt64.self, at: number * 32 + 8),
        let text = list.load(UInt64.self, at: number * 32 + 16)
      else {
        sink.report(
          FirmwareProblem(
            "PVH module", number: number, at: list.range.start,
            "is out of reach, as are all behind it, of", value: UInt64(count)))
        return
      }
      let index = information.noteModule(
        start: start, byteCount: byteCount, of: "PVH module", number: number, reportingTo: &sink)
      guard text != 0 else { continue }
      _ = information.noteText(
        at: PhysicalAddress(text), in: memory, owner: .moduleCommandLine(index),
        of: "PVH module command line", number: number, reportingTo: &sink)
    }
  }
}
