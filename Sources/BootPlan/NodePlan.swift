import BootMemory
import MemoryMap
import PhysicalMemory

/// Setting up nodes: from the map and the table of owners to memory that can be allocated.
extension NodeSetUp where Self: ~Copyable {
  /// Sets up every node that has memory below `limit`, each bitmap in its own node where there is
  /// room, else anywhere.
  ///
  /// Boot memory's nodes do not overlap, so that a node whose memory lies on both sides of another
  /// one's takes more than one of them: the lowest stretch keeps the node's number, the others get
  /// numbers behind all nodes.
  ///
  /// - Complexity: As for ``setUpNode(_:spanning:of:bitmapIn:owners:)``, for each stretch.
  public mutating func setUpNodes(
    _ nodes: NodeMap, of map: MemoryMap, below limit: PageFrame, owners: inout OwnerTable
  ) throws(BootPlanError) {
    guard map.usablePageCount(below: limit) > 0,
      let reach = PageRange(start: PageFrame(0), end: limit)
    else { throw .noUsableMemory }
    var spareNumber = nodes.nodeCount
    for stretch in nodes.stretches {
      guard let span = stretch.pages.intersection(reach) else { break }
      var id = stretch.node
      if node(id)?.isRegistered ?? false {
        id = NodeID(spareNumber)
        spareNumber += 1
      }
      guard id.rawValue < nodeCapacity else { throw .tooManyNodes(capacity: nodeCapacity) }
      let pageCount = BootMemory.bitmapPageCount(forPageCount: span.pageCount)
      let fits =
        BitmapPlacement.find(pageCount: pageCount, in: span, of: map, avoiding: owners) != nil
      try setUpNode(
        id, spanning: span, of: map, bitmapIn: fits ? span : reach, owners: &owners)
    }
  }

  /// Registers a node, frees its usable memory and reserves what is held already.
  ///
  /// Whatever the owners hold in `span` is reserved, and so is the bitmap, which goes to the place
  /// that ``BitmapPlacement`` finds and is added to the owners.
  ///
  /// - Parameters:
  ///   - id: The node's number.
  ///   - span: Its pages.
  ///   - map: The memory of the machine.
  ///   - window: Where the bitmap may lie; nil for in the node itself.
  ///   - owners: Who holds what.
  /// - Returns: The pages of the bitmap.
  /// - Complexity: O(r × n²) for r usable ranges and n owners, whatever the size of the node.
  @discardableResult
  public mutating func setUpNode(
    _ id: NodeID, spanning span: PageRange, of map: MemoryMap, bitmapIn window: PageRange? = nil,
    owners: inout OwnerTable
  ) throws(BootPlanError) -> PageRange {
    let pageCount = BootMemory.bitmapPageCount(forPageCount: span.pageCount)
    let bitmap = BitmapPlacement.find(
      pageCount: pageCount, in: window ?? span, of: map, avoiding: owners)
    guard let bitmap else { throw .noRoomForBitmap(node: id, pageCount: pageCount) }
    do {
      _ = try registerNode(id, spanning: span, bitmapAt: bitmap.start)
    } catch {
      throw .bootMemory(error)
    }
    try owners.add(bitmap, .bitmap(id))
    for pages in map.usablePages(in: span) {
      guard let range = AddressRange(pages) else { continue }
      do { try free(range, on: id) } catch { throw .bootMemory(error) }
    }
    for index in 0..<owners.count {
      try reserve(owners[index].range.touchedPages, in: span, on: id)
    }
    // A bitmap may lie in memory of another node that is registered already.
    try reserveElsewhere(bitmap)
    return bitmap
  }

  private mutating func reserve(
    _ pages: PageRange, in span: PageRange, on node: NodeID
  ) throws(BootPlanError) {
    guard let part = pages.intersection(span), let range = AddressRange(part) else { return }
    do { try reserve(range, on: node, exclusively: false) } catch { throw .bootMemory(error) }
  }

  private mutating func reserveElsewhere(_ pages: PageRange) throws(BootPlanError) {
    for number in 0..<nodeCapacity {
      let id = NodeID(number)
      guard let node = node(id), node.isRegistered else { continue }
      try reserve(pages, in: node.span, on: id)
    }
  }
}
