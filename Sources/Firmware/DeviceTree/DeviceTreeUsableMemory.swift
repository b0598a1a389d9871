// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The ranges that usable memory is limited to, as passed to a kernel that starts after a crash.
///
/// Source: Devicetree schema `chosen`, "linux,usable-memory-range".
struct DeviceTreeUsableMemory<Memory: PhysicalMemoryReader> {
  /// More ranges than any loader passes.
  private static var countLimit: UInt64 { 16 }

  private static var object: StaticString { "device tree usable-memory-range" }

  private let ranges: DeviceTreeRegisters<Memory>

  /// The number of ranges that count.
  let count: UInt64

  /// - Returns: nil if memory is not limited; nil, with a report, if the list is empty.
  init?(
    _ root: DeviceTreeNode<Memory>, cells: DeviceTreeCells, reportingTo sink: inout some TextSink
  ) {
    guard let value = root.child("chosen")?.property("linux,usable-memory-range") else {
      return nil
    }
    ranges = DeviceTreeRegisters(value, cells: cells)
    ranges.reportRest(of: Self.object, to: &sink)
    count = min(ranges.count, Self.countLimit)
    if ranges.count > count {
      sink.report(
        FirmwareProblem(
          Self.object, at: ranges.address, "is read up to 16 ranges, has", value: ranges.count))
    }
    guard count > 0 else { return nil }
  }

  /// The part of `range` that lies in the range at `index`; nil if there is none.
  func part(of range: AddressRange, at index: UInt64) -> AddressRange? {
    guard let entry = ranges[index], let last = range.last,
      let windowLast = AddressRange(
        start: PhysicalAddress(entry.start), clampingByteCount: entry.byteCount
      ).last
    else { return nil }
    return AddressRange(
      first: max(range.start, PhysicalAddress(entry.start)), last: min(last, windowLast))
  }
}
