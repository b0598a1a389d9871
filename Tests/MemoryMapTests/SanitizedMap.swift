// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TestSupport

/// A region for tests: first address, the one behind it, kind.
typealias Entry = (start: UInt64, end: UInt64, kind: MemoryKind)

/// Makes a map of `entries` and gives it to `body`.
func withMap<Result>(
  of entries: [Entry], capacity: Int? = nil, _ body: (MemoryMap) throws -> Result
) throws -> Result {
  let listStorage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: entries.count)
  defer { unsafe listStorage.deallocate() }
  let mapStorage = UnsafeMutableBufferPointer<PageRegion>.allocate(
    capacity: capacity ?? entries.count * 2)
  defer { unsafe mapStorage.deallocate() }
  var list = unsafe MemoryRegionList(storage: listStorage)
  for entry in entries {
    list.append(
      start: PhysicalAddress(entry.start), byteCount: entry.end &- entry.start, kind: entry.kind)
  }
  let map = try unsafe MemoryMap(sanitizing: &list, storage: mapStorage)
  return try body(map)
}

/// The printed map of `entries`, one region a line.
func sanitized(_ entries: Entry...) throws -> String {
  try withMap(of: entries) { map in
    var text = PrintedText()
    map.write(to: &text)
    return text.text
  }
}
