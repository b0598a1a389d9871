import MemoryMap
import PhysicalMemory
import TextOutput

/// What the firmware says about nodes.
///
/// Nodes are numbered from 0 in the order in which their proximity domains first appear: those of
/// processors first, then those of memory alone, as Linux does.
public struct NodeInformation: ~Copyable {
  /// Which memory is near which node; empty on a machine of one node.
  public var affinities: MemoryAffinityList

  var domains: ProximityDomains

  /// Makes an empty result, which stands for one node.
  ///
  /// - Parameter domains: Room for one number a node, which need not be initialised.
  public init(
    affinities: consuming MemoryAffinityList, domains: UnsafeMutableBufferPointer<UInt32>
  ) {
    self.affinities = affinities
    self.domains = unsafe ProximityDomains(storage: domains)
  }

  /// ACPI's number for `node`; nil if firmware did not give one.
  public borrowing func proximityDomain(of node: NodeID) -> UInt32? {
    domains.domain(of: node)
  }

  /// Reads ACPI's table of affinities, replacing what was here before.
  ///
  /// A machine without ACPI, without that table, or with a damaged one has one node.  Defects are
  /// reported as lines on `sink`.
  ///
  /// - Parameter rootPointer: Where the loader says that ACPI's root pointer lies.
  /// - Returns: Whether the firmware speaks of nodes.
  /// - Throws: An error if there is too little storage; the result stands for one node then.
  @discardableResult
  public mutating func read(
    rootPointer: PhysicalAddress?, in memory: some PhysicalMemoryReader,
    reportingTo sink: inout some TextSink
  ) throws(FirmwareError) -> Bool {
    removeAll()
    guard
      let root = ACPIRootPointer.find(
        loaderAddress: rootPointer, in: memory, reportingTo: &sink),
      let tables = ACPITables(root, in: memory, reportingTo: &sink),
      let table = tables.first(.systemResourceAffinity, reportingTo: &sink)
    else { return false }
    do throws(FirmwareError) {
      try read(AffinityTable(table), reportingTo: &sink)
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
      guard case .memory(let domain, let start, let byteCount) = entry else { continue }
      let range = AddressRange(clippingStart: PhysicalAddress(start), byteCount: byteCount)
      if range.byteCount != byteCount {
        sink.report(
          FirmwareProblem(
            "ACPI affinity", number: ranges.number - 1, at: range.start,
            "clipped at the top of the address space, has size", value: byteCount))
      }
      affinities.append(MemoryAffinity(range: range, node: try node(of: domain, in: table)))
    }
    do throws(MemoryMapError) {
      try affinities.checkCapacity()
    } catch {
      throw .memoryMap(error)
    }
  }

  /// The node of `domain`; if there is no room for it, an error with the number of entries in the
  /// table, which is room enough.
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
