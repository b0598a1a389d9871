// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The boot information of Multiboot 2: a block of tags.
///
/// Source: Multiboot2 Specification version 2.0, section 3.6.
public struct Multiboot2: BootProtocol {
  /// The number that the loader leaves in EAX; the address is in EBX.
  public static var magic: UInt32 { 0x36d7_6289 }

  /// The types of tags.
  enum Tag {
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

  /// The fields of the information's header, which ends with a reserved number.
  enum Information {
    static var totalSize: Field<UInt32> { 0 }
    static var reserved: Field<UInt32> { 4 }

    static var headerByteCount: UInt64 { 8 }
  }

  /// The fields of tags, named as in the specification; each tag starts with its type and its size.
  enum TagField {
    static var type: Field<UInt32> { 0 }
    static var size: Field<UInt32> { 4 }
    static var memoryLower: Field<UInt32> { 8 }
    static var memoryUpper: Field<UInt32> { 12 }
    static var moduleStart: Field<UInt32> { 8 }
    static var moduleEnd: Field<UInt32> { 12 }
    static var entrySize: Field<UInt32> { 8 }
    static var descriptorSize: Field<UInt32> { 8 }
    static var sectionCount: Field<UInt32> { 8 }
    static var sectionSize: Field<UInt32> { 12 }

    static var headerByteCount: UInt64 { 8 }
  }

  /// The offsets in a tag of contents without a fixed size.
  private enum TagContents {
    static var string: UInt64 { 8 }
    static var moduleString: UInt64 { 16 }
    static var entries: UInt64 { 16 }
    static var descriptors: UInt64 { 16 }
    static var sectionHeaders: UInt64 { 20 }
    static var rootPointer: UInt64 { 8 }
  }

  /// Makes the reader.
  public init() {}

  /// Whether `address` holds a size, a reserved zero, and tags that fill that size up to the final
  /// one.
  static func isWhole(at address: PhysicalAddress, in memory: some PhysicalMemoryReader) -> Bool {
    let header = BoundedBytes(memory, at: address, byteCount: Information.headerByteCount)
    guard let byteCount = header.load(Information.totalSize), header.load(Information.reserved) == 0
    else { return false }
    var tags = Multiboot2Tags(BoundedBytes(memory, at: address, byteCount: UInt64(byteCount)))
    var silence = SilentSink()
    while tags.next(reportingTo: &silence) != nil {}
    return tags.isAtFinalTag
  }

  /// Reads the block at `address`.
  ///
  /// - Throws: ``FirmwareError/unreadable(_:)`` if there is no memory map in reach.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let header = reading.bytes(at: address, byteCount: Information.headerByteCount)
    guard let byteCount = header.load(Information.totalSize) else {
      throw .unreadable(FirmwareProblem("Multiboot 2 information", at: address, "is out of reach"))
    }
    let block = reading.list(
      at: address.rawValue, byteCount: UInt64(byteCount), of: "Multiboot 2 information")
    reading.information.heldRanges.append(block.range, .bootInformation)
    var tags = Multiboot2Tags(block)
    while let tag = tags.next(reportingTo: &reading.reports) {
      read(tag, with: &reading)
    }
    readMemory(block, with: &reading)
    guard reading.information.regions.count > 0 else {
      throw .unreadable(
        FirmwareProblem(
          "Multiboot 2 information", at: address, "has neither memory map nor sizes"))
    }
  }

  /// Reads a tag that does not describe memory.
  private func read<Memory>(
    _ tag: Multiboot2Tags<Memory>.Element, with reading: inout BootReading<Memory, some TextSink>
  ) {
    switch tag.type {
    case Tag.commandLine:
      reading.information.commandLine = text(
        tag, at: TagContents.string, of: "Multiboot 2 command line", with: &reading)
    case Tag.loaderName:
      reading.information.loaderName = text(
        tag, at: TagContents.string, of: "Multiboot 2 loader name", with: &reading)
    case Tag.module:
      guard let start = tag.bytes.load(TagField.moduleStart),
        let end = tag.bytes.load(TagField.moduleEnd)
      else {
        reading.report(
          FirmwareProblem("Multiboot 2 module tag", at: tag.bytes.range.start, "is cut off"))
        return
      }
      let number = UInt64(reading.information.moduleCount)
      let index = reading.noteModule(
        start: UInt64(start), end: UInt64(end), of: "Multiboot 2 module", number: number)
      guard let index,
        let range = text(
          tag, at: TagContents.moduleString, of: "Multiboot 2 module command line", with: &reading)
      else { return }
      reading.information.heldRanges.append(range, .moduleCommandLine(index))
    case Tag.elfSections:
      guard let count = tag.bytes.load(TagField.sectionCount),
        let headerByteCount = tag.bytes.load(TagField.sectionSize),
        let headers = tag.bytes.suffix(from: TagContents.sectionHeaders)
      else {
        reading.report(
          FirmwareProblem("Multiboot 2 ELF sections", at: tag.bytes.range.start, "are cut off"))
        return
      }
      let sections = ELFSections(
        count: UInt64(count), headerByteCount: UInt64(headerByteCount),
        start: headers.range.start)
      sections.note(with: &reading)
    case Tag.oldRootPointer where reading.information.rootPointer == nil, Tag.newRootPointer:
      reading.information.rootPointer = tag.bytes.suffix(from: TagContents.rootPointer)?.range.start
    default:
      break
    }
  }

  /// The text in a tag, which must end within it.
  private func text<Memory>(
    _ tag: Multiboot2Tags<Memory>.Element, at offset: UInt64, of object: StaticString,
    with reading: inout BootReading<Memory, some TextSink>
  ) -> AddressRange? {
    if let text = tag.bytes.text(at: offset) { return text }
    reading.report(FirmwareProblem(object, at: tag.bytes.range.start, "has no end in its tag"))
    return nil
  }

  /// Reads the tags that describe memory: the memory map and EFI's, or else the sizes.
  ///
  /// If both maps are present, memory is usable if both call it usable: GRUB's own lists as usable
  /// whatever EFI calls conventional memory, even if it cannot be cached or is set aside.
  private func readMemory<Memory>(
    _ block: BoundedBytes<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    if let map = onlyTag(Tag.memoryMap, of: "Multiboot 2 memory map", in: block, with: &reading) {
      readMap(map, with: &reading)
    }
    let firstCount = reading.information.regions.count
    if let map = onlyTag(Tag.efiMemoryMap, of: "Multiboot 2 EFI map", in: block, with: &reading) {
      let hasBootServices = Multiboot2Tags(block).first(Tag.efiBootServices) != nil
      readEFIMap(
        map, hasBootServices: hasBootServices, notesLoader: firstCount == 0, with: &reading)
    }
    if firstCount > 0 && reading.information.regions.count > firstCount {
      reading.keepUsable(inBothAt: firstCount, of: "Multiboot 2 memory maps")
    }
    guard reading.information.regions.count == 0 else { return }
    if let sizes = onlyTag(Tag.memorySizes, of: "Multiboot 2 sizes", in: block, with: &reading),
      let lower = sizes.load(TagField.memoryLower), let upper = sizes.load(TagField.memoryUpper)
    {
      reading.appendMemory(lowerKibibyteCount: lower, upperKibibyteCount: upper)
    }
  }

  private func readMap<Memory>(
    _ map: BoundedBytes<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    guard let stride = map.load(TagField.entrySize),
      let entries = map.suffix(from: TagContents.entries)
    else {
      return reading.report(
        FirmwareProblem("Multiboot 2 memory map", at: map.range.start, "is cut off; ignored"))
    }
    if stride > 0 {
      reading.reportRest(
        of: "Multiboot 2 memory map", at: map.range.start, entries.byteCount % UInt64(stride))
    }
    let table = E820Table(
      entryCount: stride == 0 ? 0 : entries.byteCount / UInt64(stride),
      entryByteCount: UInt64(stride))
    table.readEntries(
      at: entries.range.start.rawValue, of: "Multiboot 2 memory map entry", with: &reading)
  }

  private func readEFIMap<Memory>(
    _ map: BoundedBytes<Memory>, hasBootServices: Bool, notesLoader: Bool,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    guard let stride = map.load(TagField.descriptorSize),
      let descriptors = map.suffix(from: TagContents.descriptors)
    else {
      return reading.report(
        FirmwareProblem("Multiboot 2 EFI map", at: map.range.start, "is cut off; ignored"))
    }
    let reader = EFIMemoryMap(
      byteCount: descriptors.byteCount, descriptorByteCount: UInt64(stride),
      hasBootServices: hasBootServices)
    reader.readDescriptors(at: descriptors.range.start, notesLoader: notesLoader, with: &reading)
  }

  /// The first tag of a type that should occur only once; further ones are reported.
  private func onlyTag<Memory>(
    _ type: UInt32, of object: StaticString, in block: BoundedBytes<Memory>,
    with reading: inout BootReading<Memory, some TextSink>
  ) -> BoundedBytes<Memory>? {
    var first: BoundedBytes<Memory>?
    var tags = Multiboot2Tags(block)
    var silence = SilentSink()
    while let tag = tags.next(reportingTo: &silence) {
      guard tag.type == type else { continue }
      if first != nil {
        reading.report(
          FirmwareProblem(
            object, at: tag.bytes.range.start, "is not the first of its kind; ignored"))
      }
      first = first ?? tag.bytes
    }
    return first
  }
}
