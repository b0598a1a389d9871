// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// Boot memory in which nodes are registered, freed and reserved: ``/BootMemory/BootMemory``
/// itself, or a wrapper around it that records the calls.
public protocol NodeRegistering: ~Copyable {
  /// See ``/BootMemory/BootMemory/nodeCapacity``.
  var nodeCapacity: Int { get }

  /// See ``/BootMemory/BootMemory/node(_:)``.
  func node(_ id: NodeID) -> BootMemoryNode?

  /// The number of pages to set aside for the bitmap of a node of `pageCount` pages.
  func bitmapPageCount(forPageCount pageCount: UInt64) -> UInt64

  /// See ``/BootMemory/BootMemory/registerNode(_:spanning:bitmapAt:)``.
  mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmapAt bitmapStart: PageFrame
  ) throws(BootMemoryError) -> UInt64

  /// See ``/BootMemory/BootMemory/free(_:on:)-(PageRange,_)``.
  mutating func free(_ pages: PageRange, on node: NodeID?) throws(BootMemoryError)

  /// See ``/BootMemory/BootMemory/reserve(_:on:exclusively:)-(PageRange,_,_)``.
  mutating func reserve(
    _ pages: PageRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError)
}

extension BootMemory: NodeRegistering {
  /// See ``/BootMemory/BootMemory/bitmapPageCount(forPageCount:addressWidth:)``.
  public func bitmapPageCount(forPageCount pageCount: UInt64) -> UInt64 {
    Self.bitmapPageCount(forPageCount: pageCount, addressWidth: platform.addressWidth)
  }
}

extension NodeRegistering where Self: ~Copyable {
  /// The number of pages that the bitmap of a node of `pageCount` pages takes on this machine.
  public func bitmapPageCount(forPageCount pageCount: UInt64) -> UInt64 {
    BootMemory.bitmapPageCount(forPageCount: pageCount)
  }
}

/// Setting up nodes, from the map and the table of owners to memory that can be allocated.
extension NodeRegistering where Self: ~Copyable {
  /// Sets up every node that has memory below `limit`.
  ///
  /// Each bitmap goes in its own node if there is room, or else anywhere; hot-pluggable memory is
  /// used only if no other will do, with a report.
  ///
  /// Boot memory's nodes do not overlap, so a node whose memory lies on both sides of another one's
  /// takes more than one of them: the lowest stretch keeps the node's number, and the others get
  /// numbers after those of all nodes.  If that takes more numbers than there is storage for, all
  /// memory becomes one node, which is reported as a line on `sink`.
  ///
  /// - Parameters:
  ///   - nodes: The usable memory of the machine, by nodes.
  ///   - limit: The end of the kernel's reach.
  ///   - owners: Who holds what; the bitmaps are added.
  ///   - sink: Takes the reports.
  /// - Returns: The nodes that were set up: `nodes`, or the one node with all memory.
  /// - Throws: ``BootPlanError``; nodes already set up stay, for the caller to discard.
  /// - Complexity: O(r × n²) for r usable ranges and n owners, for each stretch, regardless of the
  ///   size of the memory.
  @discardableResult
  public mutating func setUpNodes(
    _ nodes: NodeMap, below limit: PageFrame, owners: inout OwnerTable,
    reportingTo sink: inout some TextSink
  ) throws(BootPlanError) -> NodeMap {
    let neededCapacity = nodes.nodeNumberCount(below: limit)
    guard neededCapacity <= nodeCapacity else {
      sink.write("nodes: there is storage for ")
      sink.write(decimal: UInt(nodeCapacity))
      sink.write(", nodes and their parts need ")
      sink.write(decimal: UInt(neededCapacity))
      sink.write("; all memory is taken for one node\n")
      let one = NodeMap(oneNodeOf: nodes.memory, hotPluggable: nodes.hotPluggable)
      try setUpStretches(of: one, below: limit, owners: &owners, reportingTo: &sink)
      return one
    }
    try setUpStretches(of: nodes, below: limit, owners: &owners, reportingTo: &sink)
    return nodes
  }

  /// Registers a node, frees its usable memory and reserves what is already held.
  ///
  /// Everything that the owners hold in `span` is reserved, and so is the bitmap, which goes to the
  /// place that ``BitmapPlacement`` finds and is added to the owners.
  ///
  /// - Parameters:
  ///   - id: The node's number.
  ///   - span: Its pages; those from `limit` on are left out.
  ///   - map: The memory of the machine.
  ///   - window: Where the bitmap may lie, below `limit`; nil for the node itself.
  ///   - hotPluggable: Memory to avoid for the bitmap as long as there is other memory in the
  ///     window.
  ///   - limit: The end of the kernel's reach.
  ///   - owners: Who holds what.
  /// - Returns: The pages of the bitmap.
  /// - Throws: ``BootPlanError``; nothing has changed then.
  /// - Complexity: O(r × n²) for r usable ranges and n owners, regardless of the size of the node.
  @discardableResult
  public mutating func setUpNode(
    _ id: NodeID, spanning span: PageRange, of map: MemoryMap, bitmapIn window: PageRange? = nil,
    sparing hotPluggable: HotPluggableMemory = .none, below limit: PageFrame = .end,
    owners: inout OwnerTable
  ) throws(BootPlanError) -> PageRange {
    let reach = PageRange(0..<limit)
    guard let span = span.intersection(reach) else { throw .noUsableMemory }
    let pageCount = bitmapPageCount(forPageCount: span.pageCount)
    guard
      let bitmap = (window ?? span).intersection(reach).flatMap({
        BitmapPlacement.find(
          pageCount: pageCount, in: $0, of: map, avoiding: owners, sparing: hotPluggable)
      })
    else { throw .noRoomForBitmap(node: id, pageCount: pageCount) }
    try register(id, spanning: span, bitmap: bitmap, owners: &owners)
    var ranges = map.usablePages(in: span)
    while let pages = ranges.next() { try free(pages, of: id) }
    try reserveHeldPages(of: id, spanning: span, bitmap: bitmap, owners: owners)
    return bitmap
  }

  /// Sets up a node for each stretch, in one walk over the stretches and the ranges in them.
  @inline(never)
  private mutating func setUpStretches(
    of nodes: NodeMap, below limit: PageFrame, owners: inout OwnerTable,
    reportingTo sink: inout some TextSink
  ) throws(BootPlanError) {
    var ranges = nodes.ranges(below: limit)
    guard var range = ranges.next() else { throw .noUsableMemory }
    var spareNumber = nodes.nodeCount
    var stretches = nodes.stretches(below: limit)
    while let stretch = stretches.next() {
      var id = stretch.node
      if node(id)?.isRegistered ?? false {
        id = NodeID(spareNumber)
        spareNumber += 1
      }
      let span = stretch.pages
      let pageCount = bitmapPageCount(forPageCount: span.pageCount)
      let bitmap = BitmapPlacement.find(
        pageCount: pageCount, in: span, orIn: PageRange(0..<limit), of: nodes.memory,
        avoiding: owners, sparing: nodes.hotPluggable)
      guard let bitmap else { throw .noRoomForBitmap(node: id, pageCount: pageCount) }
      if nodes.hotPluggable.pages(overlapping: bitmap) != nil {
        sink.write("nodes: the bitmap of node ")
        sink.write(decimal: id.rawValue.magnitude)
        sink.write(" lies in hot-pluggable memory, as there is no room elsewhere\n")
      }
      try register(id, spanning: span, bitmap: bitmap, owners: &owners)
      while range.pages.end <= span.end {
        try free(range.pages, of: id)
        guard let next = ranges.next() else { break }
        range = next
      }
      try reserveHeldPages(of: id, spanning: span, bitmap: bitmap, owners: owners)
    }
  }

  private mutating func register(
    _ id: NodeID, spanning span: PageRange, bitmap: PageRange, owners: inout OwnerTable
  ) throws(BootPlanError) {
    try owners.add(bitmap, .bitmap(id))
    do {
      _ = try registerNode(id, spanning: span, bitmapAt: bitmap.start)
    } catch {
      owners.removeLast()
      throw .bootMemory(error)
    }
  }

  /// Reserves what is held in a node, and its bitmap wherever that lies.
  @inline(never)
  private mutating func reserveHeldPages(
    of id: NodeID, spanning span: PageRange, bitmap: PageRange, owners: borrowing OwnerTable
  ) throws(BootPlanError) {
    for index in 0..<owners.count {
      try reserve(owners[index].range.touchedPages, in: span, of: id)
    }
    // A bitmap may lie in the memory of another node that is already registered.
    for number in 0..<nodeCapacity {
      let other = NodeID(number)
      guard other != id, let node = node(other), node.isRegistered else { continue }
      try reserve(bitmap, in: node.span, of: other)
    }
  }

  private mutating func free(_ pages: PageRange, of node: NodeID) throws(BootPlanError) {
    do { try free(pages, on: node) } catch { throw .bootMemory(error) }
  }

  private mutating func reserve(
    _ pages: PageRange, in span: PageRange, of node: NodeID
  ) throws(BootPlanError) {
    guard let part = pages.intersection(span) else { return }
    do { try reserve(part, on: node, exclusively: false) } catch { throw .bootMemory(error) }
  }
}

extension NodeMap {
  /// The number of node numbers needed to register every stretch of memory below `limit`: one for
  /// each node, with memory or without, and one for each further stretch of a node.
  fileprivate func nodeNumberCount(below limit: PageFrame) -> Int {
    var count = nodeCount
    var stretches = stretches(below: limit)
    while stretches.next() != nil { count += 1 }
    for number in 0..<nodeCount where usablePageCount(of: NodeID(number), below: limit) > 0 {
      count -= 1
    }
    return count
  }
}
