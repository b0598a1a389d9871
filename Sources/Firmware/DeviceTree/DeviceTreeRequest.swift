// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// A range that a device tree asks for without an address: a child of `/reserved-memory` that has
/// "size" but no "reg".
///
/// The kernel finds a place for it before it allocates any memory.
///
/// Source: Devicetree Specification 0.4, section 3.5.3.
public struct DeviceTreeRequest<Memory: PhysicalMemoryReader> {
  private let node: DeviceTreeNode<Memory>
  private let allowed: DeviceTreeRegisters<Memory>?
  private let bus: DeviceTreeBus<Memory>?

  /// The size in bytes; not 0.
  public let byteCount: UInt64

  /// The alignment in bytes, a power of two; 1 if the tree asks for none.
  public let alignment: UInt64

  /// What the range is for.
  public let use: ReservationUse

  /// The bytes of the node's name, without its final zero.
  public var name: AddressRange { node.name.range }

  /// The number of ranges to choose from, in order of preference; nil if any memory will do.
  public var allowedRangeCount: UInt64? { allowed?.count }

  /// Makes the request of a node; nil, with a report, if its "size" is missing or malformed, is 0,
  /// or does not fit in 64 bits.
  fileprivate init?(
    _ node: DeviceTreeNode<Memory>, cells: DeviceTreeCells, bus: DeviceTreeBus<Memory>?,
    reportingTo sink: inout some TextSink
  ) {
    guard let value = node.property("size"), value.byteCount == cells.size * 4,
      let byteCount = value.loadCells(cells.size, at: 0), byteCount > 0
    else {
      sink.report(
        FirmwareProblem(
          "device tree reserved memory", at: node.address, "has neither reg nor a size; ignored"))
      return nil
    }
    self.node = node
    self.bus = bus
    self.byteCount = byteCount
    use = node.has("no-map") ? .unmapped : node.has("reusable") ? .reusable : .reserved
    allowed = node.property("alloc-ranges").map { DeviceTreeRegisters($0, cells: cells) }
    var alignment: UInt64 = 1
    if let value = node.property("alignment") {
      let number = value.byteCount == cells.size * 4 ? value.loadCells(cells.size, at: 0) : nil
      if let number, number.nonzeroBitCount == 1 {
        alignment = number
      } else {
        sink.report(
          FirmwareProblem(
            "device tree reserved memory", at: node.address,
            "has an alignment that is not a power of two; ignored is", value: number))
      }
    }
    self.alignment = alignment
  }

  /// The allowed range at `index`, as the processor sees it; nil if it is not visible to it.
  public func allowedRange(at index: UInt64) -> AddressRange? {
    guard let allowed, index < allowed.count, let entry = allowed[index] else { return nil }
    let start = bus.map { $0.outerAddress(of: entry.start) } ?? entry.start
    return start.map {
      AddressRange(start: PhysicalAddress($0), clampingByteCount: entry.byteCount)
    }
  }

  /// Prints the name, and the size, alignment and ranges that are asked for.
  public func write(to sink: inout some TextSink) {
    for offset in 0..<node.name.byteCount {
      guard let byte = node.name.load(UInt8.self, at: offset) else { break }
      sink.write(byte: (0x20..<0x7f).contains(byte) ? byte : UInt8(ascii: "?"))
    }
    sink.write(": 0x")
    sink.write(hexadecimal: byteCount)
    sink.write(" bytes")
    if alignment > 1 {
      sink.write(" aligned to 0x")
      sink.write(hexadecimal: alignment)
    }
    for index in 0..<(allowed?.count ?? 0) {
      sink.write(index == 0 ? " in " : ", ")
      if let range = allowedRange(at: index) {
        range.write(to: &sink)
      } else {
        sink.write("nothing")
      }
    }
  }
}

/// The requests of a device tree, in tree order.
public struct DeviceTreeRequests<Memory: PhysicalMemoryReader> {
  private let root: DeviceTreeNode<Memory>
  private var lists: DeviceTreeChildren<Memory>

  /// The rest of the list that the walk has reached, and how its addresses are encoded and
  /// translated.
  private var nodes: DeviceTreeChildren<Memory>?
  private var cells: DeviceTreeCells?
  private var bus: DeviceTreeBus<Memory>?

  init(of tree: DeviceTree<Memory>) {
    root = tree.root
    lists = tree.root.children
  }

  /// The next request; nil after the last.  Malformed ones are reported and skipped.
  ///
  /// - Complexity: O(n) in the size of the tree, for the whole walk.
  public mutating func next(reportingTo sink: inout some TextSink) -> DeviceTreeRequest<Memory>? {
    while true {
      while let node = nodes?.next() {
        guard let cells, node.isAvailable, !node.has("reg") else { continue }
        let request = DeviceTreeRequest(node, cells: cells, bus: bus, reportingTo: &sink)
        if let request { return request }
      }
      guard let list = lists.next() else { return nil }
      guard list.isNamed("reserved-memory"), list.isAvailable else { continue }
      nodes = list.children
      cells = DeviceTreeReservedMemory(root: root).cells(of: list)
      bus = DeviceTreeBus(list, in: root)
    }
  }
}

extension DeviceTree {
  /// The ranges that the tree asks for without an address.
  public var requests: DeviceTreeRequests<Memory> { DeviceTreeRequests(of: self) }
}
