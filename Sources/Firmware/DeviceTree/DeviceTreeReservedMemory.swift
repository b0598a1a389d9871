// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The contents of a device tree's `/reserved-memory` node.
///
/// Source: Devicetree Specification 0.4, section 3.5.
struct DeviceTreeReservedMemory<Memory: PhysicalMemoryReader> {
  private static var object: StaticString { "device tree reserved memory" }

  /// The number of ranges that are compared with those before them: more than any firmware
  /// reserves.
  private static var comparedCount: Int { 1024 }

  let root: DeviceTreeNode<Memory>

  /// Records all ranges that have an address; those without one are ``DeviceTree/requests``.
  ///
  /// Overlaps among the first 1024 are reported.
  ///
  /// - Complexity: O(n) in the size of the tree, plus, for each of the first 1024 ranges, O(n) in
  ///   the capacity of the lists.
  func read(with reading: inout BootReading<Memory, some TextSink>) {
    var number = 0
    var lists = root.children
    while let list = lists.next() {
      guard list.isNamed("reserved-memory"), list.isAvailable,
        let cells = reportedCells(of: list, with: &reading)
      else { continue }
      let bus = DeviceTreeBus(list, in: root)
      if bus == nil {
        reading.report(
          FirmwareProblem(
            Self.object, at: list.address, "has no ranges; its addresses are taken as they are"))
      }
      var nodes = list.children
      while let node = nodes.next() {
        guard node.isAvailable else { continue }
        guard let value = node.property("reg") else { continue }
        let registers = DeviceTreeRegisters(value, cells: cells)
        registers.reportRest(of: Self.object, to: &reading.reports)
        for index in 0..<registers.count {
          guard
            let range = range(at: index, of: registers, on: bus, with: &reading)
          else { continue }
          note(range, of: node, number: number, with: &reading)
          number += 1
        }
      }
    }
  }

  /// The cell counts of the ranges: the root's where the list does not have both, as it should.
  func cells(of list: DeviceTreeNode<Memory>) -> DeviceTreeCells? {
    DeviceTreeCells(of: Self.hasCells(list) ? list : root)
  }

  private static func hasCells(_ list: DeviceTreeNode<Memory>) -> Bool {
    list.has("#address-cells") && list.has("#size-cells")
  }

  /// The cell counts of the ranges, with a report if those of the list are missing or invalid.
  private func reportedCells(
    of list: DeviceTreeNode<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) -> DeviceTreeCells? {
    let cells = cells(of: list)
    if !Self.hasCells(list) {
      reading.report(
        FirmwareProblem(
          Self.object, at: list.address,
          "has no #address-cells or #size-cells; those of the root are taken"))
    } else if cells == nil {
      reading.report(
        FirmwareProblem(
          Self.object, at: list.address,
          "is ignored, as its #address-cells or #size-cells are none"))
    }
    return cells
  }

  private func range(
    at index: UInt64, of registers: DeviceTreeRegisters<Memory>, on bus: DeviceTreeBus<Memory>?,
    with reading: inout BootReading<Memory, some TextSink>
  ) -> AddressRange? {
    guard
      let range = registers.range(
        at: index, of: Self.object, reportingTo: &reading.reports)
    else {
      return nil
    }
    guard let bus else { return range }
    guard let start = bus.outerAddress(of: range.start.rawValue) else {
      reading.report(
        FirmwareProblem(
          Self.object, number: index, at: registers.address, "is not in the ranges; ignored, is at",
          value: range.start.rawValue))
      return nil
    }
    return AddressRange(
      start: PhysicalAddress(start), clampingByteCount: range.byteCount)
  }

  private func note(
    _ range: AddressRange, of node: DeviceTreeNode<Memory>, number: Int,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    if number < Self.comparedCount && Self.overlaps(range, in: reading.information) {
      reading.report(
        FirmwareProblem(
          Self.object, number: UInt64(number), at: node.address, "overlaps another one; is at",
          value: range.start.rawValue))
    }
    let isReusable = node.has("reusable")
    guard !node.has("no-map") else {
      if isReusable {
        reading.report(
          FirmwareProblem(
            Self.object, number: UInt64(number), at: node.address,
            "is both reusable and not to be mapped; is not mapped"))
      }
      reading.information.regions.append(MemoryRegion(range: range, kind: .noMap))
      return
    }
    reading.information.heldRanges.append(
      range, isReusable ? .reusableMemory(number) : .reservedMemory(number))
  }

  /// Whether a range shares a byte with an earlier one.
  private static func overlaps(
    _ range: AddressRange, in information: borrowing BootInformation
  ) -> Bool {
    for index in 0..<information.regions.count {
      let region = information.regions[index]
      if region.kind == .noMap, region.range.overlaps(range) { return true }
    }
    for index in 0..<information.heldRanges.count {
      let other = information.heldRanges[index]
      switch other.owner {
      case .loader(.reservedMemory), .loader(.reusableMemory):
        if other.range.overlaps(range) { return true }
      default:
        break
      }
    }
    return false
  }
}
