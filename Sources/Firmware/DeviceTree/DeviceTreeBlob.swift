// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// A flattened device tree (DTB), as loaders hand it over on aarch64, riscv64 and other
/// architectures.
///
/// All memory nodes become usable regions, and memory that must not be mapped becomes regions of a
/// kind of its own.  Other reservations, the initial ramdisk (as a module) and the tree itself
/// become ranges held by the loader.  Reservations that do not have a place yet,
/// ``DeviceTree/requests``, are for the kernel to place.
///
/// Source: Devicetree Specification 0.4; Devicetree schemas `chosen` and `reserved-memory`.
public struct DeviceTreeBlob: BootProtocol {
  /// The big-endian number at the start.
  public static var magic: UInt32 { 0xd00d_feed }

  /// Makes the reader.
  public init() {}

  /// Reads the tree at `address`.
  ///
  /// - Throws: A ``FirmwareError`` for a tree that cannot be read, or whose lists do not fit into
  ///   the storage.
  public func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    at address: PhysicalAddress, with reading: inout BootReading<Memory, Sink>
  ) throws(FirmwareError) {
    let tree = try DeviceTree(at: address, in: reading.memory)
    guard let cells = tree.memoryCells else {
      throw .unreadable(
        FirmwareProblem(
          "device tree root", at: tree.root.address,
          "has #address-cells or #size-cells that memory cannot be expressed in"))
    }
    reading.information.heldRanges.append(tree.range, .deviceTree)
    reading.information.memoryLimitMeaning = .amount
    readMemory(tree, cells, with: &reading)
    guard reading.information.regions.count > 0 else {
      throw .unreadable(FirmwareProblem("device tree", at: address, "has no memory"))
    }
    noteReservations(tree, with: &reading)
    let reservedMemory = DeviceTreeReservedMemory(root: tree.root)
    reservedMemory.read(with: &reading)
    if let chosen = tree.root.child("chosen") {
      readCommandLine(chosen, with: &reading)
      readRamdisk(chosen, with: &reading)
      noteCrashHeader(chosen, cells, with: &reading)
    }
  }

  private func readMemory<Memory>(
    _ tree: DeviceTree<Memory>, _ cells: DeviceTreeCells,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    let limits = DeviceTreeUsableMemory(
      tree.root, cells: cells, reportingTo: &reading.reports)
    var children = tree.root.children
    while let node = children.next() {
      guard node.isMemory else { continue }
      if !node.has("device_type") {
        reading.report(
          FirmwareProblem(
            "device tree memory", at: node.address, "has no device_type; taken for memory"))
      }
      guard let value = node.memoryList else {
        reading.report(FirmwareProblem("device tree memory", at: node.address, "has no reg"))
        continue
      }
      let registers = DeviceTreeRegisters(value, cells: cells)
      registers.reportRest(of: "device tree memory", to: &reading.reports)
      for index in 0..<registers.count {
        guard
          let range = registers.range(
            at: index, of: "device tree memory", reportingTo: &reading.reports)
        else { continue }
        guard let limits else {
          reading.information.regions.append(MemoryRegion(range: range, kind: .usable))
          continue
        }
        for number in 0..<limits.count {
          guard let part = limits.part(of: range, at: number) else { continue }
          reading.information.regions.append(MemoryRegion(range: part, kind: .usable))
        }
      }
    }
  }

  /// Records the reservations of the memory reservation block.
  private func noteReservations<Memory>(
    _ tree: DeviceTree<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    var number = 0
    var reservations = tree.reservations
    while let entry = reservations.next() {
      let range = AddressRange(
        start: PhysicalAddress(entry.start), clampingByteCount: entry.byteCount)
      if range.byteCount != entry.byteCount {
        reading.report(
          FirmwareProblem(
            "device tree memory reservation", number: UInt64(number), at: range.start,
            "clipped at the top of the address space, has size", value: entry.byteCount))
      }
      reading.information.heldRanges.append(range, .memoryReservation(number))
      number += 1
    }
  }

  private func readCommandLine<Memory>(
    _ chosen: DeviceTreeNode<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    guard let value = chosen.property("bootargs") else { return }
    reading.information.commandLine = value.text()
    if reading.information.commandLine == nil {
      reading.report(
        FirmwareProblem("device tree bootargs", at: value.range.start, "have no end; ignored"))
    }
  }

  /// Records the ELF header that describes the memory of a crashed kernel.
  ///
  /// Source: Devicetree schema `chosen`, "linux,elfcorehdr".
  private func noteCrashHeader<Memory>(
    _ chosen: DeviceTreeNode<Memory>, _ cells: DeviceTreeCells,
    with reading: inout BootReading<Memory, some TextSink>
  ) {
    guard let value = chosen.property("linux,elfcorehdr") else { return }
    let object: StaticString = "device tree elfcorehdr"
    let registers = DeviceTreeRegisters(value, cells: cells)
    registers.reportRest(of: object, to: &reading.reports)
    guard registers.count > 0,
      let range = registers.range(at: 0, of: object, reportingTo: &reading.reports)
    else { return }
    reading.information.heldRanges.append(range, .crashHeader)
  }

  private func readRamdisk<Memory>(
    _ chosen: DeviceTreeNode<Memory>, with reading: inout BootReading<Memory, some TextSink>
  ) {
    let startValue = chosen.property("linux,initrd-start")
    let endValue = chosen.property("linux,initrd-end")
    guard startValue != nil || endValue != nil else { return }
    guard let start = startValue?.oneOrTwoCells, let end = endValue?.oneOrTwoCells else {
      reading.report(
        FirmwareProblem(
          "device tree ramdisk", at: chosen.address,
          "has no start or end of one or two cells; ignored"))
      return
    }
    // Loaders without a ramdisk may leave both properties in place.
    guard start != end else { return }
    _ = reading.noteModule(
      start: start, end: end, of: "device tree ramdisk", number: 0)
  }
}

extension BoundedBytes {
  /// The number that the bytes form; nil unless there are 4 or 8 of them.
  fileprivate var oneOrTwoCells: UInt64? {
    byteCount == 4 || byteCount == 8 ? loadCells(byteCount / 4, at: 0) : nil
  }
}
