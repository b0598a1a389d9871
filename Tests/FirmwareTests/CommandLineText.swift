// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport

/// Gives `body` the command line `text`.
func withCommandLine<Result>(
  _ text: String, capacity: Int = 4096, _ body: (KernelCommandLine) throws -> Result
) rethrows -> Result {
  let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)
  defer { unsafe storage.deallocate() }
  var memory = FakeMemory()
  memory.put(text: text, at: 0x1000)
  let range = AddressRange(start: PhysicalAddress(0x1000), byteCount: UInt64(text.utf8.count))
  return try body(unsafe KernelCommandLine(copying: range, in: memory, storage: storage))
}

/// What the parameters on a command line made of a map of memory.
struct ParameterResult {
  var regions = ""
  var reports = ""
  var memoryTestPassCount = 0
  var printsOperations = false
  var usable: [ClosedRange<UInt64>] = []

  /// Applies the parameters of `text` to `regions`.
  init(
    _ text: String, to given: [(start: UInt64, end: UInt64, kind: MemoryKind)],
    limitMeaning: MemoryLimitMeaning = .endAddress
  ) throws {
    let listStorage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 512)
    defer { unsafe listStorage.deallocate() }
    let mapStorage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 1024)
    defer { unsafe mapStorage.deallocate() }
    var list = unsafe MemoryRegionList(storage: listStorage)
    for region in given {
      list.append(
        start: PhysicalAddress(region.start), byteCount: region.end &- region.start,
        kind: region.kind)
    }
    var reported = PrintedText()
    let parameters = withCommandLine(text) {
      MemoryParameters(
        applying: $0, to: &list, limitMeaning: limitMeaning, reportingTo: &reported)
    }
    var printed = PrintedText()
    list.write(to: &printed)
    regions = printed.text
    reports = reported.text
    memoryTestPassCount = parameters.memoryTestPassCount
    printsOperations = parameters.printsOperations
    let map = try unsafe MemoryMap(sanitizing: &list, storage: mapStorage)
    usable = map.usablePages().map { $0.start.number...($0.end.number - 1) }
  }
}
