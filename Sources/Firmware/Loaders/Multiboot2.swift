// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The boot information of Multiboot 2: a block of tags.
///
/// Source: Multiboot2 Specification version 2.0, section 3.6.
public struct Multiboot2: BootProtocol {
  /// What the loader leaves in EAX; the address is in EBX.
  public static var magic: UInt32 { 0x36d7_6289 }

  private enum Tag {
    static var end: UInt32 { 0 }
    static var commandLine: UInt32 { 1 }
    static var loaderName: UInt32 { 2 }
    static var module: UInt32 { 3 }
    static var memorySizes: UInt32 { 4 }
    static var memoryMap: UInt32 { 6 }
    static var elfSections: UInt32 { 9 }
    static var oldRootPointer: UInt32 { 14 }
    static var newRootPointer: UInt32 { 15 }
    static var efiMemoryMap: UInt32 { 17 }
    static var efiBootServices: UInt32 { 18 }
  }

  /// Makes the reader.
  public init() {}

  /// Reads the block at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` where there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    guard let byteCount = memory.load(UInt32.self, at: address) else {
      throw .unreadable(FirmwareProblem("Multiboot 2 information", at: address, "is out of reach"))
    }
    let block = information.list(
      at: address.rawValue, byteCount: UInt64(byteCount), in: memory,
      of: "Multiboot 2 information", reportingTo: &sink)
    information.heldRanges.append(block.range, .bootInformation)
    var tags = Multiboot2Tags(block)
    while let tag = tags.next(reportingTo: &sink) {
      read(tag, into: &information, reportingTo: &sink)
    }
    readMemory(block, into: &information, reportingTo: &sink)
    guard information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem(
          "Multiboot 2 information", at: address, "has neither memory map nor sizes"))
    }
  }

  /// Reads a tag that does not tell of memory.
  private func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ tag: Multiboot2Tags<Memory>.Element, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    switch tag.type {
    case Tag.commandLine:
      information.commandLine = text(tag, at: 8, of: "Multiboot 2 command line", &sink)
    case Tag.loaderName:
      information.loaderName = text(tag, at: 8, of: "Multiboot 2 loader name", &sink)
    case Tag.module:
      guard let start = tag.bytes.load(UInt32.self, at: 8),
        let end = tag.bytes.load(UInt32.self, at: 12)
      else {
        sink.report(
          FirmwareProblem("Multiboot 2 module tag", at: tag.bytes.range.start, "is cut off"))
        return
      }
      let number = UInt64(information.moduleCount)
      let index = information.noteModule(
        start: UInt64(start), end: UInt64(end), of: "Multiboot 2 module", number: number,
        reportingTo: &sink)
      guard let index, let range = text(tag, at: 16, of: "Multiboot 2 module command line", &sink)
      else { return }
      information.heldRanges.append(range, .moduleCommandLine(index))
    case Tag.elfSections:
      guard let count = tag.bytes.load(UInt32.self, at: 8),
        let headerByteCount = tag.bytes.load(UInt32.self, at: 12),
        let headers = tag.bytes.suffix(from: 20)
      else { return }
      let sections = ELFSections(
        count: UInt64(count), headerByteCount: UInt64(headerByteCount),
        start: headers.range.start)
      sections.note(in: tag.bytes.memory, into: &information, reportingTo: &sink)
    case Tag.oldRootPointer where information.rootPointer == nil, Tag.newRootPointer:
      information.rootPointer = tag.bytes.suffix(from: 8)?.range.start
    default:
      break
    }
  }

  /// The text in a tag, which has to end inside it.
  private func text<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ tag: Multiboot2Tags<Memory>.Element, at offset: UInt64, of object: StaticString,
    _ sink: inout Sink
  ) -> AddressRange? {
    if let text = tag.bytes.text(at: offset) { return text }
    sink.report(FirmwareProblem(object, at: tag.bytes.range.start, "has no end in its tag"))
    return nil
  }

  /// Reads the tags that tell of memory: the memory map, else EFI's, else the sizes.
  private func readMemory<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ block: BoundedBytes<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    let tags = Multiboot2Tags(block)
    if let map = tags.first(Tag.memoryMap), let stride = map.load(UInt32.self, at: 8),
      let entries = map.suffix(from: 16)
    {
      let table = E820Table(
        entryCount: stride == 0 ? 0 : entries.byteCount / UInt64(stride),
        entryByteCount: UInt64(stride))
      table.readEntries(
        at: entries.range.start.rawValue, in: block.memory, of: "Multiboot 2 memory map entry",
        into: &information, reportingTo: &sink)
    }
    guard information.regions.count == 0 else { return }
    if let map = tags.first(Tag.efiMemoryMap), let stride = map.load(UInt32.self, at: 8),
      let descriptors = map.suffix(from: 16)
    {
      let reader = EFIMemoryMap(
        byteCount: descriptors.byteCount, descriptorByteCount: UInt64(stride),
        hasBootServices: tags.first(Tag.efiBootServices) != nil)
      reader.readDescriptors(
        at: descriptors.range.start, in: block.memory, into: &information, reportingTo: &sink)
    }
    guard information.regions.count == 0 else { return }
    if let sizes = tags.first(Tag.memorySizes), let lower = sizes.load(UInt32.self, at: 8),
      let upper = sizes.load(UInt32.self, at: 12)
    {
      information.appendMemory(lowerKibibyteCount: lower, upperKibibyteCount: upper)
    }
  }
}
