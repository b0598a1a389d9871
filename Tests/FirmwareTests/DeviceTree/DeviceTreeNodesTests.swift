// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// Nodes by the "numa-node-id" of processors and memory.
@Suite struct DeviceTreeNodesTests {
  /// A tree of memory, 1 MiB each from 1 GiB on, and of processors, with the nodes that they belong to.
  private func tree(
    memory: [UInt32?], processors: [UInt32] = []
  ) throws -> DeviceTree<BlobMemory> {
    var tree = DeviceTreeBuilder()
    tree.node("")
    for (index, node) in memory.enumerated() {
      tree.node("memory@\(index)")
      tree.property("device_type", text: "memory")
      tree.property("reg", cells: 0, 0x4000_0000 + UInt32(index) << 20, 0x10_0000)
      if let node { tree.property("numa-node-id", cells: node) }
      tree.endNode()
    }
    tree.node("cpus")
    for node in processors {
      tree.node("cpu")
      tree.property("numa-node-id", cells: node)
      tree.endNode()
    }
    tree.endNode()
    // Neither a processor nor memory, though it has what they have.
    tree.node("bus")
    tree.property("numa-node-id", cells: memory.compactMap { $0 }.first ?? 0)
    tree.property("reg", cells: 0, 0x1000_0000, 0x1000)
    tree.node("device")
    tree.property("numa-node-id", cells: 77)
    tree.endNode()
    tree.endNode()
    tree.endNode()
    tree.end()
    let blob = BlobMemory(tree.bytes)
    return try DeviceTree(at: PhysicalAddress(blob.start), in: blob)
  }

  /// Runs `body` with room for so many nodes and for `affinityCapacity` ranges.
  private func withNodes(
    capacity: Int = 8, affinityCapacity: Int = 8, _ body: (inout NodeInformation) throws -> Void
  ) throws {
    let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(capacity: affinityCapacity)
    defer { unsafe affinities.deallocate() }
    let hotPluggable = UnsafeMutableBufferPointer<AddressRange>.allocate(capacity: 1)
    defer { unsafe hotPluggable.deallocate() }
    let numbers = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: capacity)
    defer { unsafe numbers.deallocate() }
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(storage: affinities, hotPluggable: hotPluggable),
      domains: numbers)
    try body(&nodes)
  }

  private func domains(_ nodes: borrowing NodeInformation) -> [UInt32] {
    var domains: [UInt32] = []
    while let domain = nodes.proximityDomain(of: NodeID(domains.count)) { domains.append(domain) }
    return domains
  }

  @Test func read_numbersNodesInAscendingOrder() throws {
    try withNodes { nodes in
      var sink = PrintedText()
      try nodes.read(tree(memory: [9, 2], processors: [5, 2, 11]), reportingTo: &sink)
      #expect(domains(nodes) == [2, 5, 9, 11])
      #expect(nodes.affinities.nodeCount == 4 && nodes.affinities.count == 2)
      #expect(nodes.affinities[0].node == NodeID(2) && nodes.affinities[1].node == NodeID(0))
    }
  }

  @Test func read_oneNodeIsSpokenOf_noneIsNot() throws {
    try withNodes { nodes in
      var sink = PrintedText()
      let speaks = try nodes.read(tree(memory: [3]), reportingTo: &sink)
      #expect(speaks)
      let speaksToo = try nodes.read(tree(memory: [nil]), reportingTo: &sink)
      #expect(!speaksToo && domains(nodes) == [] && nodes.isEmpty)
    }
  }

  @Test func read_replacesWhatWasThere() throws {
    try withNodes { nodes in
      var sink = PrintedText()
      try nodes.read(tree(memory: [3, 4]), reportingTo: &sink)
      try nodes.read(tree(memory: [5]), reportingTo: &sink)
      #expect(domains(nodes) == [5] && nodes.affinities.count == 1)
    }
  }

  @Test(arguments: [([1, 2, 1], []), ([1], [2, 2]), ([], [1, 2, 2])] as [([UInt32], [UInt32])])
  func read_moreNodesThanRoom_saysHowManyAreEnough(memory: [UInt32], processors: [UInt32]) throws {
    let tree = try tree(memory: memory, processors: processors)
    try withNodes(capacity: 1) { nodes in
      var sink = PrintedText()
      var text = PrintedText()
      do throws(FirmwareError) { try nodes.read(tree, reportingTo: &sink) } catch {
        error.write(to: &text)
      }
      #expect(text.text == "more than 1 nodes: there is no room for them; room for 3 is enough")
      #expect(domains(nodes) == [] && nodes.isEmpty)
    }
  }

  @Test func read_moreRangesThanRoom_isAnError() throws {
    let tree = try tree(memory: [1, 2, 3])
    try withNodes(affinityCapacity: 2) { nodes in
      var sink = PrintedText()
      let result = try? nodes.read(tree, reportingTo: &sink)
      #expect(result == nil)
      #expect(domains(nodes) == [] && nodes.isEmpty)
    }
  }
}
