// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// The outcome of reading a table of the corpus and making a map of it.
struct CorpusMap {
  var usable: [ClosedRange<UInt64>] = []
  var partialPageByteCount: UInt64 = 0
  var regionCount = 0
  var reports = ""

  /// Reads `bytes` with `loader` and takes `removed` away.
  init(
    _ loader: some BootProtocol, _ bytes: [UInt8], removing removed: [Range<UInt64>] = []
  ) throws {
    let capacity = 1024
    let regionStorage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: capacity)
    defer { unsafe regionStorage.deallocate() }
    let mapStorage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 2 * capacity)
    defer { unsafe mapStorage.deallocate() }
    let rangeStorage = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: capacity)
    defer { unsafe rangeStorage.deallocate() }
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regionStorage),
      heldRanges: OwnedRangeList(storage: rangeStorage))
    var memory = FakeMemory()
    memory.put(bytes, at: 0x8000)
    var text = PrintedText()
    try information.read(loader, at: PhysicalAddress(0x8000), in: memory, reportingTo: &text)
    reports = text.text
    regionCount = information.regions.count
    for range in removed {
      information.regions.append(
        start: PhysicalAddress(range.lowerBound), byteCount: UInt64(range.count), kind: .reserved)
    }
    let map = try unsafe MemoryMap(sanitizing: &information.regions, storage: mapStorage)
    usable = map.usablePages().map { $0.start.number...($0.end.number - 1) }
    partialPageByteCount = map.partialPageByteCount
    checkShape(of: map)
  }

  /// Every map is sorted, disjoint, merged, and without empty regions.
  private func checkShape(of map: MemoryMap) {
    for index in 0..<map.count {
      let region = map[index]
      #expect(!region.pages.isEmpty)
      guard index > 0 else { continue }
      let previous = map[index - 1]
      #expect(previous.pages.end <= region.pages.start)
      #expect(previous.pages.end < region.pages.start || previous.kind != region.kind)
    }
  }
}
