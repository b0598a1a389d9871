// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A list of addresses and sizes: the value of "reg", or of another property of the same form.
///
/// Source: Devicetree Specification 0.4, section 2.3.6.
struct DeviceTreeRegisters<Memory: PhysicalMemoryReader> {
  private let value: BoundedBytes<Memory>
  private let cells: DeviceTreeCells

  /// - Parameter cells: The cell counts of the parent of the node that has the property.
  init(_ value: BoundedBytes<Memory>, cells: DeviceTreeCells) {
    self.value = value
    self.cells = cells
  }

  /// Where the list lies, for reports.
  var address: PhysicalAddress { value.range.start }

  /// The number of entries; 0 if entries have no size.
  var count: UInt64 {
    cells.entryByteCount == 0 ? 0 : value.byteCount / cells.entryByteCount
  }

  /// The entry at `index`; nil if one of its numbers does not fit in 64 bits.
  subscript(index: UInt64) -> (start: UInt64, byteCount: UInt64)? {
    let offset = index * cells.entryByteCount
    guard let start = value.loadCells(cells.address, at: offset),
      let byteCount = value.loadCells(cells.size, at: offset + cells.address * 4)
    else { return nil }
    return (start, byteCount)
  }

  /// The addresses of the entry at `index`, clipped to the address space.
  ///
  /// - Returns: nil, with a report, if one of its numbers does not fit in 64 bits.
  func range(
    at index: UInt64, of object: StaticString, reportingTo sink: inout some TextSink
  ) -> AddressRange? {
    guard let entry = self[index] else {
      sink.report(
        FirmwareProblem(
          object, number: index, at: address, "does not fit 64 bits; ignored"))
      return nil
    }
    let range = AddressRange(
      start: PhysicalAddress(entry.start), clampingByteCount: entry.byteCount)
    if range.byteCount != entry.byteCount {
      sink.report(
        FirmwareProblem(
          object, number: index, at: address,
          "clipped at the top of the address space, has size", value: entry.byteCount))
    }
    return range
  }

  /// Reports a list that is not a whole number of entries, as with wrong cell counts.
  func reportRest(of object: StaticString, to sink: inout some TextSink) {
    // The product is at most the size, so it cannot overflow.
    guard count == 0 || count * cells.entryByteCount != value.byteCount else { return }
    sink.report(
      FirmwareProblem(
        object, at: address, "does not suit #address-cells and #size-cells, has size",
        value: value.byteCount))
  }
}
