// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

extension MapFile {
  /// Reads the memory map that a loader left, from a dump of memory.
  ///
  /// - Parameter information: The address of the loader's information.
  /// - Precondition: The form is that of a dump.
  mutating func readBootBlock(
    at information: PhysicalAddress, in memory: FileMemory
  ) throws(BootBlockError) {
    guard let reader = form.bootProtocol else { preconditionFailure("\(form) is no dump") }
    // The readers stop at 1 MiB of list, 20 bytes being the least entry, or 2 MiB of device tree, 8
    // bytes being the least there.
    let regionCapacity = 1 << 18
    let rangeCapacity = 1 << 18
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: regionCapacity)
    defer { unsafe regions.deallocate() }
    let ranges = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: rangeCapacity)
    defer { unsafe ranges.deallocate() }
    var result = unsafe BootInformation(
      regions: MemoryRegionList(storage: regions), heldRanges: OwnedRangeList(storage: ranges))
    var reports = StringSink()
    do throws(FirmwareError) {
      try result.read(reader, at: information, in: memory, reportingTo: &reports)
      if reader == .deviceTree { try readNodes(of: information, in: memory, reportingTo: &reports) }
    } catch {
      var text = StringSink()
      error.write(to: &text)
      throw BootBlockError(message: text.text)
    }
    notes += reports.text.split(separator: "\n").map(String.init)
    for index in 0..<result.regions.count {
      let region = result.regions[index]
      entries.append(Entry(line: nil, region: region, kindName: "\(region.kind.name)"))
    }
    for index in 0..<result.heldRanges.count {
      loaderRanges.append(result.heldRanges[index])
    }
    // A tree is a file by itself more often than a dump of memory.
    if reader == .deviceTree && memory.start == 0 {
      loaderRanges.removeAll { $0.owner == .loader(.deviceTree) }
      notes.append("where the tree itself will lie is not known; --at says it")
    }
  }

  /// Reads the nodes of a device tree.
  private mutating func readNodes(
    of address: PhysicalAddress, in memory: FileMemory, reportingTo sink: inout StringSink
  ) throws(FirmwareError) {
    let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(capacity: 1 << 18)
    defer { unsafe affinities.deallocate() }
    let domains = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: NodeMemory.nodeLimit)
    defer { unsafe domains.deallocate() }
    var information = unsafe NodeInformation(
      affinities: MemoryAffinityList(storage: affinities), domains: domains)
    let tree = try DeviceTree(at: address, in: memory)
    try information.read(tree, reportingTo: &sink)
    for index in 0..<information.affinities.count {
      let affinity = information.affinities[index]
      nodes.append(
        NodeMemory(
          line: nil, node: affinity.node.rawValue,
          proximityDomain: UInt64(information.proximityDomain(of: affinity.node) ?? 0),
          range: affinity.range, isHotPluggable: false))
    }
  }
}

/// Why a dump of memory could not be read.
struct BootBlockError: Error {
  var message: String
}

/// Physical memory of which a file holds a part, and nothing else is in reach.
public struct FileMemory: PhysicalMemoryReader {
  /// What is in the file.
  public let bytes: [UInt8]

  /// The address that the file's first byte lay at.
  public let start: PhysicalAddress

  /// Makes memory of `bytes` from `start` on.
  public init(bytes: [UInt8], start: PhysicalAddress) {
    self.bytes = bytes
    self.start = start
  }

  /// The byte at `address`; nil outside of the file.
  public func byte(at address: PhysicalAddress) -> UInt8? {
    guard address >= start else { return nil }
    let offset = address.rawValue - start.rawValue
    return offset < UInt64(bytes.count) ? bytes[Int(offset)] : nil
  }
}
