// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// A flattened device tree (DTB), as loaders hand it over on aarch64, riscv64 and others.
///
/// All memory nodes become usable regions, and what must not be mapped a region of its own kind.
/// Other reservations, the initial ramdisk as a module and the tree itself become ranges of the
/// loader's.
///
/// Source: Devicetree Specification 0.4; Devicetree schemas `chosen` and `reserved-memory`.
public struct DeviceTreeBlob: BootProtocol {
  /// The big-endian number at the start.
  public static var magic: UInt32 { 0xd00d_feed }

  /// Makes the reader.
  public init() {}

  /// Reads the tree at `address`.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, in memory: Memory, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    let tree = try DeviceTree(at: address, in: memory)
    guard let cells = tree.memoryCells else {
      throw .unreadable(
        FirmwareProblem(
          "device tree root", at: tree.root.address,
          "has #address-cells or #size-cells that memory cannot be told in"))
    }
    information.heldRanges.append(tree.range, .deviceTree)
    readMemory(tree, cells, into: &information, reportingTo: &sink)
    guard information.regions.count > 0 else {
      throw .unreadable(FirmwareProblem("device tree", at: address, "has no memory"))
    }
    noteReservations(tree, into: &information, reportingTo: &sink)
    let reservedMemory = DeviceTreeReservedMemory(root: tree.root, rootCells: cells)
    reservedMemory.read(into: &information, reportingTo: &sink)
    if let chosen = tree.root.child("chosen") {
      readCommandLine(chosen, into: &information, reportingTo: &sink)
      readRamdisk(chosen, into: &information, reportingTo: &sink)
    }
  }

  private func readMemory<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ tree: DeviceTree<Memory>, _ cells: DeviceTreeCells,
    into information: inout BootInformation, reportingTo sink: inout Sink
  ) {
    let limits = DeviceTreeUsableMemory(tree.root, cells: cells, reportingTo: &sink)
    var children = tree.root.children
    while let node = children.next() {
      guard node.isMemory else { continue }
      if !node.has("device_type") {
        sink.report(
          FirmwareProblem(
            "device tree memory", at: node.address, "has no device_type; taken for memory"))
      }
      guard let value = node.property("reg") else {
        sink.report(FirmwareProblem("device tree memory", at: node.address, "has no reg"))
        continue
      }
      let registers = DeviceTreeRegisters(value, cells: cells)
      registers.reportRest(of: "device tree memory", to: &sink)
      for index in 0..<registers.count {
        guard
          let range = registers.range(at: index, of: "device tree memory", reportingTo: &sink)
        else { continue }
        guard let limits else {
          information.regions.append(MemoryRegion(range: range, kind: .usable))
          continue
        }
        for number in 0..<limits.count {
          guard let part = limits.part(of: range, at: number) else { continue }
          information.regions.append(MemoryRegion(range: part, kind: .usable))
        }
      }
    }
  }

  /// Takes note of the header's reservations.
  private func noteReservations<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ tree: DeviceTree<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    var number = 0
    var reservations = tree.reservations
    while let entry = reservations.next() {
      let range = AddressRange(
        start: PhysicalAddress(entry.start), clampingByteCount: entry.byteCount)
      if range.byteCount != entry.byteCount {
        sink.report(
          FirmwareProblem(
            "device tree memory reservation", number: UInt64(number), at: range.start,
            "clipped at the top of the address space, has size", value: entry.byteCount))
      }
      information.heldRanges.append(range, .memoryReservation(number))
      number += 1
    }
  }

  private func readCommandLine<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ chosen: DeviceTreeNode<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    guard let value = chosen.property("bootargs") else { return }
    information.commandLine = value.text()
    if information.commandLine == nil {
      sink.report(
        FirmwareProblem("device tree bootargs", at: value.range.start, "have no end; ignored"))
    }
  }

  private func readRamdisk<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ chosen: DeviceTreeNode<Memory>, into information: inout BootInformation,
    reportingTo sink: inout Sink
  ) {
    let startValue = chosen.property("linux,initrd-start")
    let endValue = chosen.property("linux,initrd-end")
    guard startValue != nil || endValue != nil else { return }
    guard let start = startValue?.oneOrTwoCells, let end = endValue?.oneOrTwoCells else {
      sink.report(
        FirmwareProblem(
          "device tree ramdisk", at: chosen.address,
          "has no start or end of one or two cells; ignored"))
      return
    }
    // Loaders that have no ramdisk may leave both there.
    guard start != end else { return }
    _ = information.noteModule(
      start: start, end: end, of: "device tree ramdisk", number: 0, reportingTo: &sink)
  }
}

extension BoundedBytes {
  /// The number that is all of the bytes, 4 or 8 of them.
  fileprivate var oneOrTwoCells: UInt64? {
    byteCount == 4 || byteCount == 8 ? loadCells(byteCount / 4, at: 0) : nil
  }
}
