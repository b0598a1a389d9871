// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the firmware describes of nodes.
///
/// From ACPI, nodes are numbered from 0 in the order in which their proximity domains first appear:
/// those of processors first, then those with memory alone, as in Linux.
public struct NodeInformation: ~Copyable {
  /// Which memory is near which node, empty on a machine with one node; and which is hot-pluggable.
  public var affinities: MemoryAffinityList

  var domains: ProximityDomains

  /// Makes an empty result, which stands for one node.
  ///
  /// - Parameters:
  ///   - affinities: The list, with its storage.
  ///   - domains: Room for one number per node, which need not be initialised.
  public init(
    affinities: consuming MemoryAffinityList, domains: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.affinities = affinities
    self.domains = unsafe ProximityDomains(storage: domains)
  }

  /// Whether the firmware does not mention nodes, so that the machine has one.
  public var isEmpty: Bool { affinities.count == 0 && affinities.nodeCount == 1 }

  /// The firmware's number for `node`, ACPI's proximity domain or a device tree's "numa-node-id";
  /// nil if it did not give one.
  public borrowing func proximityDomain(of node: NodeID) -> UInt32? {
    domains.domain(of: node)
  }

  /// Reads ACPI's table of affinities, replacing the current contents.
  ///
  /// A machine without ACPI, without that table, or with a damaged one has one node.  Defects are
  /// reported as lines on `sink`; if there are very many, only the first ones are.
  ///
  /// - Parameters:
  ///   - tables: ACPI's tables; nil on a machine that has none.
  ///   - sink: Where defects are reported.
  /// - Returns: Whether the firmware mentions nodes.
  /// - Throws: An error if there is too little storage; the result then stands for one node.
  @discardableResult
  public mutating func read(
    _ tables: ACPITables<some PhysicalMemoryReader>?, reportingTo sink: inout some TextSink
  ) throws(FirmwareError) -> Bool {
    removeAll()
    var reports = FirstLines(to: sink)
    defer { sink = reports.finish() }
    guard let table = tables?.first(.systemResourceAffinity, reportingTo: &reports) else {
      return false
    }
    do throws(FirmwareError) {
      try read(AffinityTable(table), reportingTo: &reports)
    } catch {
      removeAll()
      throw error
    }
    return domains.count > 0
  }

  private mutating func read<Memory: PhysicalMemoryReader, Sink: TextSink>(
    _ table: AffinityTable<Memory>, reportingTo sink: inout Sink
  ) throws(FirmwareError) {
    var silence = SilentSink()
    var initiators = table
    while let entry = initiators.next(reportingTo: &sink) {
      guard case .initiator(let domain) = entry else { continue }
      affinities.includeNode(try node(of: domain, in: table))
    }
    var ranges = table
    while let entry = ranges.next(reportingTo: &silence) {
      guard case .memory(let domain, let start, let byteCount, let isHotPluggable) = entry else {
        continue
      }
      let range = AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount)
      if range.byteCount != byteCount {
        sink.report(
          FirmwareProblem(
            "ACPI affinity", number: ranges.number - 1, at: range.start,
            "clipped at the top of the address space, has size", value: byteCount))
      }
      affinities.append(MemoryAffinity(range: range, node: try node(of: domain, in: table)))
      if isHotPluggable { affinities.appendHotPluggable(range) }
    }
    do throws(MemoryMapError) {
      try affinities.checkCapacity()
    } catch {
      throw .memoryMap(error)
    }
  }

  /// The node of `domain`.
  ///
  /// - Throws: An error if there is no room for it, with the number of entries in the table, which
  ///   is room enough.
  private mutating func node<Memory: PhysicalMemoryReader>(
    of domain: UInt32, in table: AffinityTable<Memory>
  ) throws(FirmwareError) -> NodeID {
    if let node = domains.node(of: domain) { return node }
    var silence = SilentSink()
    var entries = table
    while entries.next(reportingTo: &silence) != nil {}
    throw .nodesFull(capacity: domains.capacity, sufficient: Int(entries.number))
  }

  mutating func removeAll() {
    affinities.removeAll()
    domains.removeAll()
  }
}

/// The firmware's numbers of nodes, which are any 32-bit numbers, by the nodes that they become.
///
/// These are ACPI's proximity domains or a device tree's "numa-node-id".  Nodes are numbered from 0
/// in the order in which their numbers first appear.
struct ProximityDomains: ~Copyable {
  private var list: BoundedList<UInt32>

  init(storage: UnsafeMutableBufferPointer<UInt32>) {
    list = unsafe BoundedList(storage: storage)
  }

  var count: Int { list.count }

  var capacity: Int { list.capacity }

  /// The node of `domain`, a new one if it has not appeared before; nil if there is no room for it.
  ///
  /// - Complexity: O(n) in the number of nodes.
  mutating func node(of domain: UInt32) -> NodeID? {
    for index in 0..<count where list[index] == domain { return NodeID(index) }
    guard count < capacity else { return nil }
    list.append(domain)
    return NodeID(count - 1)
  }

  /// The domain of `node`; nil if there is no such node.
  borrowing func domain(of node: NodeID) -> UInt32? {
    node.rawValue >= 0 && node.rawValue < count ? list[node.rawValue] : nil
  }

  /// Renumbers the nodes in ascending order of their domains.
  mutating func sort() {
    list.sort(by: <)
  }

  mutating func removeAll() {
    list.removeAll()
  }
}

/// Discards reports that an earlier walk over the same bytes has already made.
struct SilentSink: TextSink {
  mutating func write(byte: UInt8) {}
}
