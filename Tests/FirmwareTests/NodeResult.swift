// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport

/// What was made of ACPI's tables, as text that a test can compare.
struct NodeResult {
  /// The usable pages of each node in ascending order, `NODE:FIRST-LAST`, hexadecimal, last included.
  var ranges: [String] = []
  var nodeCount = 0
  var conflictCount = 0
  var reports = ""
  var error: String?
  /// Whether the firmware speaks of nodes.
  var isFound = false
  var domains: [UInt32?] = []
  /// The ranges that are hot-pluggable, a line each.
  var hotPluggable = ""

  /// Reads the tables in `memory` and gives the `usable` addresses to nodes.
  init(
    _ memory: some PhysicalMemoryReader, rootPointer: UInt64? = nil, usable: [Range<UInt64>],
    affinityCapacity: Int = 128, hotPluggableCapacity: Int = 128,
    domainCapacity: Int = 64
  ) throws {
    let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(
      capacity: affinityCapacity)
    defer { unsafe affinities.deallocate() }
    let hotPluggableStorage = UnsafeMutableBufferPointer<AddressRange>.allocate(
      capacity: hotPluggableCapacity)
    defer { unsafe hotPluggableStorage.deallocate() }
    let domainStorage = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: domainCapacity)
    defer { unsafe domainStorage.deallocate() }
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 512)
    defer { unsafe regions.deallocate() }
    let mapStorage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 1024)
    defer { unsafe mapStorage.deallocate() }

    var list = unsafe MemoryRegionList(storage: regions)
    for range in usable {
      list.append(
        start: PhysicalAddress(range.lowerBound), byteCount: range.upperBound - range.lowerBound,
        kind: .usable)
    }
    let map = try unsafe MemoryMap(sanitizing: &list, storage: mapStorage)
    var information = unsafe NodeInformation(
      affinities: MemoryAffinityList(storage: affinities, hotPluggable: hotPluggableStorage),
      domains: domainStorage)
    var text = PrintedText()
    do throws(FirmwareError) {
      let tables = ACPITables(
        rootPointer: rootPointer.map { PhysicalAddress($0) }, in: memory, reportingTo: &text)
      isFound = try information.read(tables, reportingTo: &text)
    } catch {
      var printed = PrintedText()
      error.write(to: &printed)
      self.error = printed.text
    }
    reports = text.text
    let nodes = try NodeMap(assigning: map, to: &information.affinities)
    ranges = nodes.ranges().map { range in
      let first = String(range.pages.start.number, radix: 16)
      let last = String(range.pages.end.number - 1, radix: 16)
      return "\(range.node.rawValue):\(first)-\(last)"
    }
    nodeCount = nodes.nodeCount
    conflictCount = nodes.conflictCount
    var hotPluggableText = PrintedText()
    nodes.hotPluggable.write(to: &hotPluggableText)
    hotPluggable = hotPluggableText.text
    for number in 0..<nodeCount {
      domains.append(information.proximityDomain(of: NodeID(number)))
    }
  }
}
