// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The boot information of Multiboot 1.
///
/// Source: Multiboot Specification version 0.6.96, section 3.3.
public struct Multiboot1: BootProtocol {
  /// The number that the loader leaves in EAX; the address is in EBX.
  public static var magic: UInt32 { 0x2bad_b002 }

  /// The fields of the boot information, named as in the specification.
  private enum Information {
    static var flags: Field<UInt32> { 0 }
    static var memoryLower: Field<UInt32> { 4 }
    static var memoryUpper: Field<UInt32> { 8 }
    static var commandLine: Field<UInt32> { 16 }
    static var modulesCount: Field<UInt32> { 20 }
    static var modulesAddress: Field<UInt32> { 24 }
    // Symbols come in one of two forms.
    static var aOutTableSize: Field<UInt32> { 28 }
    static var aOutStringSize: Field<UInt32> { 32 }
    static var aOutAddress: Field<UInt32> { 36 }
    static var elfCount: Field<UInt32> { 28 }
    static var elfSize: Field<UInt32> { 32 }
    static var elfAddress: Field<UInt32> { 36 }
    static var memoryMapLength: Field<UInt32> { 44 }
    static var memoryMapAddress: Field<UInt32> { 48 }
    static var drivesLength: Field<UInt32> { 52 }
    static var drivesAddress: Field<UInt32> { 56 }
    static var loaderName: Field<UInt32> { 64 }
    static var apmTable: Field<UInt32> { 68 }
    static var vbeControlInformation: Field<UInt32> { 72 }
    static var vbeModeInformation: Field<UInt32> { 76 }
    static var framebufferType: Field<UInt8> { 109 }
    static var paletteAddress: Field<UInt32> { 110 }
    static var paletteColourCount: Field<UInt16> { 114 }

    static var byteCount: UInt64 { 116 }
  }

  /// The fields of an entry of the memory map.
  private enum MapEntry {
    static var size: Field<UInt32> { 0 }
    static var baseAddress: Field<UInt64> { 4 }
    static var length: Field<UInt64> { 12 }
    static var type: Field<UInt32> { 20 }

    /// The size in bytes of the size field, which does not count itself.
    static var sizeByteCount: UInt64 { 4 }

    /// The minimum value of the size field.
    static var leastSize: UInt32 { 20 }
  }

  /// The fields of an entry of the list of modules.
  private enum Module {
    static var start: Field<UInt32> { 0 }
    static var end: Field<UInt32> { 4 }
    static var string: Field<UInt32> { 8 }

    static var byteCount: UInt64 { 16 }
  }

  /// The sizes in bytes of firmware tables that are kept, but not read.
  private enum TableByteCount {
    static var apm: UInt64 { 20 }
    static var vbeControlInformation: UInt64 { 512 }
    static var vbeModeInformation: UInt64 { 256 }
    static var paletteColour: UInt64 { 3 }
  }

  /// The parts of the boot information that are present.
  private struct Flags {
    /// A part, by its bit number.
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

    // Not an option set, as its literals are made from an array.
    func contains(_ part: Part) -> Bool { rawValue & 1 << part.rawValue != 0 }
  }

  /// Makes the reader.
  public init() {}

  /// Reads the structure at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let block = reading.bytes(at: address, byteCount: Information.byteCount)
    guard let rawFlags = block.load(Information.flags) else {
      throw .unreadable(FirmwareProblem("Multiboot information", at: address, "is out of reach"))
    }
    let flags = Flags(rawValue: rawFlags)
    reading.information.heldRanges.append(block.range, .bootInformation)
    readMemory(block, flags, with: &reading)
    guard reading.information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem(
          "Multiboot information", at: address, "has neither memory map nor sizes, has flags",
          value: UInt64(rawFlags)))
    }
    if flags.contains(.commandLine), let text = block.load(Information.commandLine), text != 0 {
      reading.information.commandLine = reading.noteText(
        at: PhysicalAddress(UInt64(text)), owner: .commandLine,
        of: "Multiboot command line")
    }
    if flags.contains(.loaderName), let text = block.load(Information.loaderName), text != 0 {
      reading.information.loaderName = reading.noteText(
        at: PhysicalAddress(UInt64(text)), owner: .loaderName,
        of: "Multiboot loader name")
    }
    if flags.contains(.modules) {
      readModules(block, with: &reading)
    }
    noteTables(block, flags, with: &reading)
  }

  private func readMemory<Memory>(
    _ block: BoundedBytes<Memory>, _ flags: Flags,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    if flags.contains(.memoryMap), let byteCount = block.load(Information.memoryMapLength),
      let start = block.load(Information.memoryMapAddress)
    {
      let map = reading.list(
        at: UInt64(start), byteCount: UInt64(byteCount), of: "Multiboot memory map")
      reading.information.heldRanges.append(map.range, .memoryMap)
      readMap(map, with: &reading)
    }
    guard reading.information.regions.count == 0, flags.contains(.memorySizes),
      let lower = block.load(Information.memoryLower),
      let upper = block.load(Information.memoryUpper)
    else { return }
    reading.appendMemory(lowerKibibyteCount: lower, upperKibibyteCount: upper)
  }

  /// Reads entries of `size, start, byte count, type`, where the size field does not count itself.
  private func readMap<Memory>(
    _ map: BoundedBytes<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    var offset: UInt64 = 0
    var number: UInt64 = 0
    while offset < map.byteCount {
      guard let entry = map.suffix(from: offset),
        let size = entry.load(MapEntry.size), size >= MapEntry.leastSize,
        let start = entry.load(MapEntry.baseAddress), let byteCount = entry.load(MapEntry.length),
        let type = entry.load(MapEntry.type)
      else {
        reading.report(
          FirmwareProblem(
            "Multiboot memory map entry", number: number,
            at: map.range.start.advanced(byByteCount: offset), "is cut off; the rest is ignored"))
        return
      }
      reading.appendRegion(
        start: start, byteCount: byteCount, kind: E820.kind(ofType: type),
        of: "Multiboot memory map entry", number: number)
      // This cannot overflow, as both the map and an entry are below 4 GiB in size.
      offset += UInt64(size) + MapEntry.sizeByteCount
      number += 1
    }
  }

  private func readModules<Memory>(
    _ block: BoundedBytes<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    guard let count = block.load(Information.modulesCount),
      let start = block.load(Information.modulesAddress)
    else { return }
    let list = reading.noteModuleList(
      at: UInt64(start), count: count, entryByteCount: Module.byteCount,
      of: "Multiboot module list")
    for number in 0..<list.byteCount / Module.byteCount {
      guard let module = list.slice(at: number * Module.byteCount, byteCount: Module.byteCount),
        let start = module.load(Module.start), let end = module.load(Module.end),
        let text = module.load(Module.string)
      else {
        reading.report(
          FirmwareProblem(
            "Multiboot module", number: number, at: list.range.start,
            "is out of reach, as are all behind it, of", value: UInt64(count)))
        return
      }
      let index = reading.noteModule(
        start: UInt64(start), end: UInt64(end), of: "Multiboot module", number: number)
      guard let index, text != 0 else { continue }
      _ = reading.noteText(
        at: PhysicalAddress(UInt64(text)), owner: .moduleCommandLine(index),
        of: "Multiboot module command line", number: number)
    }
  }

  /// Records the memory of tables whose contents are not read here.
  private func noteTables<Memory>(
    _ block: BoundedBytes<Memory>, _ flags: Flags,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    func load(_ field: Field<UInt32>) -> UInt64 { UInt64(block.load(field) ?? 0) }
    if flags.contains(.elfSections) {
      let sections = ELFSections(
        count: load(Information.elfCount), headerByteCount: load(Information.elfSize),
        start: PhysicalAddress(load(Information.elfAddress)))
      sections.note(with: &reading)
    } else if flags.contains(.aOutSymbols) {
      // Two tables, each preceded by a 32-bit size.
      reading.note(
        start: load(Information.aOutAddress),
        byteCount: load(Information.aOutTableSize) + load(Information.aOutStringSize) + 8,
        owner: .symbols)
    }
    if flags.contains(.drives) {
      reading.note(
        start: load(Information.drivesAddress), byteCount: load(Information.drivesLength),
        owner: .deviceInformation)
    }
    if flags.contains(.apmTable) {
      noteTable(at: load(Information.apmTable), TableByteCount.apm, with: &reading)
    }
    if flags.contains(.vbe) {
      noteTable(
        at: load(Information.vbeControlInformation), TableByteCount.vbeControlInformation,
        with: &reading)
      noteTable(
        at: load(Information.vbeModeInformation), TableByteCount.vbeModeInformation,
        with: &reading)
    }
    // Type 0 is a framebuffer with a palette of three bytes per colour.
    if flags.contains(.framebuffer), block.load(Information.framebufferType) == 0 {
      let colourCount = UInt64(block.load(Information.paletteColourCount) ?? 0)
      reading.note(
        start: load(Information.paletteAddress),
        byteCount: colourCount * TableByteCount.paletteColour, owner: .deviceInformation)
    }
  }

  /// Records a firmware table that the loader points to; 0 stands for none.
  private func noteTable(
    at start: UInt64, _ byteCount: UInt64,
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    guard start != 0 else { return }
    reading.note(start: start, byteCount: byteCount, owner: .deviceInformation)
  }
}
