import BootMemory
import MemoryMap
import PhysicalMemory

/// Setting up a node: from the map and the table of owners to memory that can be allocated.
extension BootMemory {
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
      try registerNode(id, spanning: span, bitmapAt: bitmap.start)
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
    do { try reserve(range, on: node) } catch { throw .bootMemory(error) }
  }

  private mutating func reserveElsewhere(_ pages: PageRange) throws(BootPlanError) {
    for number in 0..<nodeCapacity {
      let id = NodeID(number)
      guard let node = node(id), node.isRegistered else { continue }
      try reserve(pages, in: node.span, on: id)
    }
  }
}
