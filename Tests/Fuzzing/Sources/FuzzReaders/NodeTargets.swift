// SPDX-License-Identifier: MIT
import Firmware
import FuzzKit
import MemoryMap
import Oracle
import PhysicalMemory

/// Which memory belongs to which node, by ACPI's tables or a device tree, in made-up memory.
enum NodeTargets {
  static func acpi(_ input: inout FuzzInput) {
    let flags = input.byte()
    let isToBeFound = flags & 3 == 3
    let start = isToBeFound ? PhysicalAddress(0xf_0000) : InputMemory.start
    var bytes = unsafe [UInt8](input.rest())
    if flags & 0x80 == 0 {
      // Nobody finds these by chance, and little is read without them.
      unsafe bytes.withUnsafeMutableBufferPointer {
        unsafe oracle_correct_checksums(
          $0.baseAddress, start.rawValue, UInt64($0.count), start.rawValue)
      }
    }
    unsafe bytes.withUnsafeBufferPointer {
      unsafe acpi(in: InputMemory($0, start: start), isToBeFound: isToBeFound)
    }
  }

  private static func acpi(in memory: InputMemory, isToBeFound: Bool) {
    let start = memory.start
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: Storage.shared.regions),
      heldRanges: OwnedRangeList(storage: Storage.shared.heldRanges))
    addMemory(&information)
    var sink = CountingSink()
    let tables = ACPITables(
      rootPointer: isToBeFound ? nil : start, in: memory, reportingTo: &sink)
    do throws(FirmwareError) {
      if let tables { try information.noteTables(tables, reportingTo: &sink) }
    } catch {
      return error.write(to: &sink)
    }
    judgeNodes(&information) { nodes, sink throws(FirmwareError) in
      try nodes.read(tables, reportingTo: &sink)
      // The oracle looks for no tables.
      guard !isToBeFound else { return }
      unsafe OracleMap(of: memory) { unsafe oracle_srat($0, start.rawValue, $1) }
        .judgeNodes(nodes.affinities)
    }
  }

  static func deviceTree(_ input: inout FuzzInput) {
    let memory = unsafe InputMemory(input.rest())
    var result = ORACLE_TREE_UNKNOWN
    let oracle = unsafe OracleMap(of: memory) { memory, map in
      result = unsafe oracle_tree(memory.pointee.bytes, Int(memory.pointee.size), map)
    }
    LoaderTarget.read(
      DeviceTreeBlob(), in: memory, oracle: result == ORACLE_TREE_READ ? oracle : nil)
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: Storage.shared.regions),
      heldRanges: OwnedRangeList(storage: Storage.shared.heldRanges))
    addMemory(&information)
    do throws(FirmwareError) {
      let tree = try DeviceTree(at: memory.start, in: memory)
      judge(result != ORACLE_TREE_REFUSED, "libfdt refuses a tree that is read")
      var sink = CountingSink()
      if let device = tree.standardOutput(reportingTo: &sink) {
        _ = device.isCompatible(with: "ns16550a")
      }
      _ = tree.psciConduit
      judgeNodes(&information) { nodes, sink throws(FirmwareError) in
        try nodes.read(tree, reportingTo: &sink)
      }
    } catch {
      var sink = CountingSink()
      error.write(to: &sink)
    }
  }

  private static func addMemory(_ information: inout BootInformation) {
    for (start, byteCount) in [(0x0, 0xa_0000), (0x10_0000, 0x7ff0_0000), (1 << 32, 1 << 31)] {
      information.regions.append(
        start: PhysicalAddress(UInt64(start)), byteCount: UInt64(byteCount), kind: .usable)
    }
  }

  /// Judges that all usable memory is some node's, each page once.
  private static func judgeNodes(
    _ information: inout BootInformation,
    _ read: (inout NodeInformation, inout CountingSink) throws(FirmwareError) -> Void
  ) {
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(
        storage: Storage.shared.affinities, hotPluggable: Storage.shared.hotPluggable),
      domains: Storage.shared.domains)
    var sink = CountingSink()
    do throws(FirmwareError) {
      try read(&nodes, &sink)
    } catch {
      judge(nodes.affinities.count == 0, "threw \(error) and kept something")
      return error.write(to: &sink)
    }
    do throws(MemoryMapError) {
      let map = unsafe try MemoryMap(
        sanitizing: &information.regions, storage: Storage.shared.map)
      let assigned = try NodeMap(assigning: map, to: &nodes.affinities)
      judgeAssignment(assigned)
      assigned.write(to: &sink)
      Plan.judgeBootMemory(of: assigned, heldRanges: information.heldRanges)
    } catch {
      error.write(to: &sink)
    }
  }

  private static func judgeAssignment(_ nodes: NodeMap) {
    var end = PageFrame(0)
    var count: UInt64 = 0
    var ranges = nodes.ranges()
    while let range = ranges.next() {
      judge(range.pages.start >= end && !range.pages.isEmpty, "\(range) is not sorted")
      judge((0..<nodes.nodeCount).contains(range.node.rawValue), "\(range) is of no node")
      judge(nodes.memory.hasUsable(range.pages), "\(range) is not usable")
      end = range.pages.end
      count += range.pages.pageCount
    }
    judge(count == nodes.memory.usablePageCount(), "\(count) pages are in nodes")
  }
}
