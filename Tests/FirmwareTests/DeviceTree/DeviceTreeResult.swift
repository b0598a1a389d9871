// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport

/// What was made of a device tree, as text that a test can compare.
struct DeviceTreeResult {
  /// The memory map and what the loader holds.
  let boot: BootResult
  /// The kernel's command line; nil if there is none.
  var commandLine: String?
  /// The pages of each node, `NODE:FIRST-LAST`, hexadecimal, the last one included.
  var nodePages: [String] = []
  /// The "numa-node-id" of each node.
  var nodeNumbers: [UInt32?] = []
  /// The ranges that are hot-pluggable, a line each.
  var hotPluggable = ""
  /// What was reported of nodes and devices.
  var reports = ""
  /// Why there are no nodes, printed.
  var nodeError: String?
  /// The first registers of the console, and those of the models asked for that it is.
  var console: String?
  var psciConduit: PSCIConduit?
  /// Where the registers of the first device are that ends QEMU.
  var testDevice: AddressRange?
  /// The same of the first port, whatever "stdout-path" says.
  var port: AddressRange?

  init(
    _ memory: BlobMemory, regionCapacity: Int = 64, heldRangeCapacity: Int = 64,
    affinityCapacity: Int = 64, nodeCapacity: Int = 64
  ) {
    boot = BootResult(
      DeviceTreeBlob(), at: memory.start, in: memory, regionCapacity: regionCapacity,
      heldRangeCapacity: heldRangeCapacity)
    commandLine = boot.commandLine.map { range in
      String(
        decoding: (0..<range.byteCount).compactMap {
          memory.byte(at: PhysicalAddress(range.start.rawValue + $0))
        }, as: UTF8.self)
    }
    guard boot.error == nil,
      let tree = try? DeviceTree(at: PhysicalAddress(memory.start), in: memory)
    else { return }
    var sink = PrintedText()
    if let device = tree.standardOutput(reportingTo: &sink) {
      let models: [(StaticString, String)] = [
        ("arm,pl011", "arm,pl011"), ("ns16550a", "ns16550a"), ("ns16550", "ns16550"),
      ]
      console =
        String(device.registers.start.rawValue, radix: 16) + "+"
        + String(device.registers.byteCount, radix: 16)
      for (model, name) in models where device.isCompatible(with: model) {
        console? += " \(name)"
      }
    }
    psciConduit = tree.psciConduit
    testDevice = tree.device(compatibleWith: "sifive,test0")?.registers
    port = tree.device(compatibleWith: "ns16550a")?.registers
    do {
      try readNodes(
        of: tree, affinityCapacity: affinityCapacity, nodeCapacity: nodeCapacity,
        reportingTo: &sink)
    } catch let error as FirmwareError {
      var text = PrintedText()
      error.write(to: &text)
      nodeError = text.text
    } catch {
      nodeError = "\(error)"
    }
    reports = sink.text
  }

  private mutating func readNodes(
    of tree: DeviceTree<BlobMemory>, affinityCapacity: Int,
    nodeCapacity: Int, reportingTo sink: inout PrintedText
  ) throws {
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 256)
    defer { unsafe regions.deallocate() }
    let mapStorage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 512)
    defer { unsafe mapStorage.deallocate() }
    let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(
      capacity: affinityCapacity)
    defer { unsafe affinities.deallocate() }
    let hotPluggableStorage = UnsafeMutableBufferPointer<AddressRange>.allocate(
      capacity: affinityCapacity)
    defer { unsafe hotPluggableStorage.deallocate() }
    let numbers = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: nodeCapacity)
    defer { unsafe numbers.deallocate() }

    var list = unsafe MemoryRegionList(storage: regions)
    for region in boot.regionList { list.append(region) }
    let map = try unsafe MemoryMap(sanitizing: &list, storage: mapStorage)
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(storage: affinities, hotPluggable: hotPluggableStorage),
      domains: numbers)
    try nodes.read(tree, reportingTo: &sink)
    let nodeMap = try NodeMap(assigning: map, to: &nodes.affinities)
    var ranges = nodeMap.ranges()
    while let range = ranges.next() {
      nodePages.append(
        "\(range.node.rawValue):\(String(range.pages.start.number, radix: 16))-"
          + String(range.pages.end.number - 1, radix: 16))
    }
    var text = PrintedText()
    nodeMap.hotPluggable.write(to: &text)
    hotPluggable = text.text
    nodeNumbers = (0..<nodeMap.nodeCount).map { nodes.proximityDomain(of: NodeID($0)) }
  }
}

extension DeviceTreeBuilder {
  /// What is made of the tree.
  var result: DeviceTreeResult { DeviceTreeResult(BlobMemory(bytes)) }
}
