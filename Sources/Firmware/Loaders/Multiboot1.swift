// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The boot information of Multiboot 1.
///
/// Source: Multiboot Specification version 0.6.96, section 3.3.
public struct Multiboot1: BootProtocol {
  /// What the loader leaves in EAX; the address is in EBX.
  public static var magic: UInt32 { 0x2bad_b002 }

  private static var informationByteCount: UInt64 { 116 }

  /// Which parts of the boot information are there.
  private struct Flags {
    /// A part, by the number of its bit.
    enum Part: UInt32 {
      case memorySizes = 0
      case commandLine = 2
      case modules = 3
      case aOutSymbols = 4
      case elfSections = 5
      case memoryMap = 6
      case drives = 7
      case loaderName = 9
      case apmTable = 10
      case vbe = 11
      case framebuffer = 12
    }

    let rawValue: UInt32

    // Not by an option set, which is made of an array.
    func contains(_ part: Part) -> Bool { rawValue & 1 << part.rawValue != 0 }
  }

  /// Makes the reader.
  public init() {}

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` where there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    let block = BoundedBytes(memory, at: address, byteCount: Self.informationByteCount)
    guard let rawFlags = block.load(UInt32.self, at: 0) else {
      throw .unreadable(FirmwareProblem("Multiboot information", at: address, "is out of reach"))
    }
    let flags = Flags(rawValue: rawFlags)
    information.heldRanges.append(block.range, .bootInformation)
    readMemory(block, flags, into: &information, reportingTo: &sink)
    guard information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem(
          "Multiboot information", at: address, "has neither memory map nor sizes, has flags",
          value: UInt64(rawFlags)))
    }
    if flags.contains(.commandLine), let text = block.load(UInt32.self, at: 16), text != 0 {
      information.commandLine = information.noteText(
        at: PhysicalAddress(UInt64(text)), in: memory, owner: .commandLine,
        of: "Multiboot command line", reportingTo: &sink)
    }
    if flags.contains(.loaderName), let text = block.load(UInt32.self, at: 64), text != 0 {
      information.loaderName = information.noteText(
        at: PhysicalAddress(UInt64(text)), in: memory, owner: .loaderName,
        of: "Multiboot loader name", reportingTo: &sink)
    }
    if flags.contains(.modules) {
      readModules(block, into: &information, reportingTo: &sink)
    }
    noteTables(block, flags, into: &information, reportingTo: &sink)
  }

  private func readMemory<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ block: BoundedBytes<Memory>, _ flags: Flags, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    if flags.contains(.memoryMap), let byteCount = block.load(UInt32.self, at: 44),
      let start = block.load(UInt32.self, at: 48)
    {
      let map = information.list(
        at: UInt64(start), byteCount: UInt64(byteCount), in: block.memory,
        of: "Multiboot memory map", reportingTo: &sink)
      information.heldRanges.append(map.range, .memoryMap)
      readMap(map, into: &information, reportingTo: &sink)
    }
    guard information.regions.count == 0, flags.contains(.memorySizes),
      let lower = block.load(UInt32.self, at: 4), let upper = block.load(UInt32.self, at: 8)
    else { return }
    information.appendMemory(lowerKibibyteCount: lower, upperKibibyteCount: upper)
  }

  /// Reads entries of `size, start, byte count, type`, where the size does not count itself.
  private func readMap<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ map: BoundedBytes<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    var offset: UInt64 = 0
    var number: UInt64 = 0
    while offset < map.byteCount {
      guard let size = map.load(UInt32.self, at: offset), size >= 20,
        let start = map.load(UInt64.self, at: offset + 4),
        let byteCount = map.load(UInt64.self, at: offset + 12),
        let type = map.load(UInt32.self, at: offset + 20)
      else {
        sink.report(
          FirmwareProblem(
            "Multiboot memory map entry", number: number,
            at: map.range.start.advanced(byByteCount: offset), "is cut off; the rest is ignored"))
        return
      }
      information.appendRegion(
        start: start, byteCount: byteCount, kind: E820.kind(ofType: type),
        of: "Multiboot memory map entry", number: number, reportingTo: &sink)
      // The map is below 4 GiB in size, and so is an entry.
      offset += UInt64(size) + 4
      number += 1
    }
  }

  private func readModules<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ block: BoundedBytes<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    guard let count = block.load(UInt32.self, at: 20), let start = block.load(UInt32.self, at: 24)
    else { return }
    // 2^32 modules of 16 bytes fit 64 bits.
    let list = information.list(
      at: UInt64(start), byteCount: UInt64(count) * 16,
      limit: BootInformation.moduleCountLimit * 16, in: block.memory,
      of: "Multiboot module list", reportingTo: &sink)
    information.heldRanges.append(list.range, .moduleList)
    for number in 0..<list.byteCount / 16 {
      guard let start = list.load(UInt32.self, at: number * 16),
        let end = list.load(UInt32.self, at: number * 16 + 4),
        let text = list.load(UInt32.self, at: number * 16 + 8)
      else {
        sink.report(
          FirmwareProblem(
            "Multiboot module", number: number, at: list.range.start,
            "is out of reach, as are all behind it, of", value: UInt64(count)))
        return
      }
      let index = information.noteModule(
        start: UInt64(start), end: UInt64(end), of: "Multiboot module", number: number,
        reportingTo: &sink)
      guard let index, text != 0 else { continue }
      _ = information.noteText(
        at: PhysicalAddress(UInt64(text)), in: block.memory, owner: .moduleCommandLine(index),
        of: "Multiboot module command line", number: number, reportingTo: &sink)
    }
  }

  /// Takes note of the memory of tables whose contents are not read here.
  private func noteTables<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ block: BoundedBytes<Memory>, _ flags: Flags, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    func field(_ offset: UInt64) -> UInt64 { UInt64(block.load(UInt32.self, at: offset) ?? 0) }
    if flags.contains(.elfSections) {
      let sections = ELFSections(
        count: field(28), headerByteCount: field(32), start: PhysicalAddress(field(36)))
      sections.note(in: block.memory, into: &information, reportingTo: &sink)
    } else if flags.contains(.aOutSymbols) {
      // Two tables, each behind a 32-bit size.
      information.note(
        start: field(36), byteCount: field(28) + field(32) + 8, owner: .symbols)
    }
    if flags.contains(.drives) {
      information.note(start: field(56), byteCount: field(52), owner: .deviceInformation)
    }
    if flags.contains(.apmTable), field(68) != 0 {
      information.note(start: field(68), byteCount: 20, owner: .deviceInformation)
    }
    if flags.contains(.vbe), field(72) != 0 {
      information.note(start: field(72), byteCount: 512, owner: .deviceInformation)
    }
    if flags.contains(.vbe), field(76) != 0 {
      information.note(start: field(76), byteCount: 256, owner: .deviceInformation)
    }
    // Type 0 is a framebuffer with a palette, of three bytes a colour.
    if flags.contains(.framebuffer), block.load(UInt8.self, at: 109) == 0 {
      let colourCount = UInt64(block.load(UInt16.self, at: 114) ?? 0)
      information.note(start: field(110), byteCount: colourCount * 3, owner: .deviceInformation)
    }
  }
}
