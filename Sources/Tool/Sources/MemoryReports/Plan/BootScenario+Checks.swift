// SPDX-License-Identifier: MIT
import BootPlan
import Firmware
import MapFiles
import MemoryMap
import PhysicalMemory
import TextOutput

extension BootScenario {
  /// Who holds what on entry, and what the loader holds by a dump of memory.
  var ownersOnEntry: [OwnedRange] {
    var owners = owners
    owners += file.loaderRanges
    let firstPage = AddressRange(
      start: 0, clampingByteCount: PageFrame.byteCount)
    owners.append(OwnedRange(range: firstPage, owner: .firstPage))
    return owners
  }

  /// The regions as the parameters on the command line change them, and what these had to say.
  func regionsByCommandLine() -> (regions: [MemoryRegion], notes: [String]) {
    let text = Array(commandLine.utf8)
    let textStorage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
    defer { unsafe textStorage.deallocate() }
    let line = unsafe KernelCommandLine(
      copying: AddressRange(start: PhysicalAddress(0), byteCount: UInt64(text.count)),
      in: FileMemory(bytes: text, start: PhysicalAddress(0)), storage: textStorage)
    // No word adds more than half a region for each of its bytes, and `%` may cut each one twice.
    let cutCount = 2 * text.count { $0 == UInt8(ascii: "%") }
    let storage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(
      capacity: (file.entries.count + text.count) * (1 + cutCount))
    defer { unsafe storage.deallocate() }
    var list = unsafe MemoryRegionList(storage: storage)
    for region in file.regions { list.append(region) }
    var reports = StringSink()
    _ = MemoryParameters(
      applying: line, to: &list, limitMeaning: file.memoryLimitMeaning, reportingTo: &reports)
    return (
      (0..<list.count).map { list[$0] },
      reports.text.split(separator: "\n").map(String.init)
    )
  }

  /// Sees to it that kernel and modules lie in usable memory, and not on one another.
  func checkPlaces(in map: SanitizedMap) throws(BootScenarioError) {
    for (index, owner) in owners.enumerated() {
      guard !owner.range.isEmpty else {
        throw BootScenarioError("\(owner.name) has no byte")
      }
      guard owner.range.touchedPages.end <= addressWidth.endPageFrame else {
        throw BootScenarioError("\(owner.place) lies beyond the reach of the processor")
      }
      let pages = owner.range.touchedPages
      guard map.map.usablePages().contains(where: { $0.contains(pages) }) else {
        throw BootScenarioError("\(owner.place) does not lie in usable memory as a whole")
      }
      for other in owners[..<index] where other.range.overlaps(owner.range) {
        throw BootScenarioError("\(owner.place) overlaps \(other.place)")
      }
    }
  }
}

extension OwnedRange {
  /// Who it is.
  public var name: String {
    var sink = StringSink()
    owner.write(to: &sink)
    return sink.text
  }

  /// Who it is, and where.
  var place: String { "\(name) at \(range.text)" }
}
