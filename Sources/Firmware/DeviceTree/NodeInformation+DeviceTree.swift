// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

extension NodeInformation {
  /// Reads the NUMA nodes of a device tree, replacing the current contents.
  ///
  /// They are the "numa-node-id" of processors and of memory.  Memory that is "hotpluggable" is
  /// recorded as such, whether or not it has a node.
  ///
  /// Nodes are numbered from 0 in ascending order of those numbers, so that both are the same if
  /// firmware skips none.  Defects are reported as lines on `sink`; if there are very many, only
  /// the first ones are.
  ///
  /// - Returns: Whether the tree mentions nodes.
  /// - Throws: An error if there is too little storage; the result then stands for a single node.
  /// - Complexity: O(n × m) for a tree of size n and m nodes.
  ///
  /// Source: Linux's device tree binding `numa`; Devicetree Specification 0.4, section 3.4.
  @discardableResult
  public mutating func read(
    _ tree: DeviceTree<some PhysicalMemoryReader>, reportingTo sink: inout some TextSink
  ) throws(FirmwareError) -> Bool {
    removeAll()
    var reports = FirstLines(to: sink)
    defer { sink = reports.finish() }
    do throws(FirmwareError) {
      try readDomains(tree, reportingTo: &reports)
      try readMemory(tree)
    } catch {
      removeAll()
      throw error
    }
    return domains.count > 0
  }

  private mutating func readDomains(
    _ tree: DeviceTree<some PhysicalMemoryReader>, reportingTo sink: inout some TextSink
  ) throws(FirmwareError) {
    var entryCount = 0
    var hasRoom = true
    var children = tree.root.children
    while let child = children.next() {
      if child.isMemory {
        guard let domain = child.nodeNumber(reportingTo: &sink) else { continue }
        entryCount += 1
        if domains.node(of: domain) == nil { hasRoom = false }
      } else if child.isNamed("cpus") {
        var processors = child.children
        while let processor = processors.next() {
          guard let domain = processor.nodeNumber(reportingTo: &sink) else { continue }
          entryCount += 1
          if domains.node(of: domain) == nil { hasRoom = false }
        }
      }
    }
    guard hasRoom else {
      throw .nodesFull(capacity: domains.capacity, sufficient: entryCount)
    }
    domains.sort()
    if domains.count > 0 { affinities.includeNode(NodeID(domains.count - 1)) }
  }

  private mutating func readMemory(
    _ tree: DeviceTree<some PhysicalMemoryReader>
  ) throws(FirmwareError) {
    guard let cells = tree.memoryCells else { return }
    // The memory map reader and the first walk have already reported any defects.
    var silence = SilentSink()
    var children = tree.root.children
    while let child = children.next() {
      guard child.isMemory, let value = child.memoryList else { continue }
      let node = child.nodeNumber(reportingTo: &silence).flatMap { domains.node(of: $0) }
      let isHotPluggable = child.has("hotpluggable")
      guard node != nil || isHotPluggable else { continue }
      let registers = DeviceTreeRegisters(value, cells: cells)
      for index in 0..<registers.count {
        guard
          let range = registers.range(at: index, of: "device tree memory", reportingTo: &silence)
        else { continue }
        if let node { affinities.append(MemoryAffinity(range: range, node: node)) }
        if isHotPluggable { affinities.appendHotPluggable(range) }
      }
    }
    do throws(MemoryMapError) {
      try affinities.checkCapacity()
    } catch {
      throw .memoryMap(error)
    }
  }
}

extension DeviceTreeNode {
  /// The number of the NUMA node that a processor or memory belongs to; nil if it is missing or,
  /// with a report, not a single cell.
  fileprivate func nodeNumber(reportingTo sink: inout some TextSink) -> UInt32? {
    guard let value = property("numa-node-id") else { return nil }
    guard value.byteCount == 4 else {
      sink.report(
        FirmwareProblem(
          "device tree numa-node-id", at: value.range.start, "is not a single cell; ignored"))
      return nil
    }
    return value.loadBigEndian(UInt32.self, at: 0)
  }
}
