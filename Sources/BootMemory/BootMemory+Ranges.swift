import PhysicalMemory

/// Freeing and reserving ranges.
extension BootMemory {
  /// Marks a range free (`free_bootmem`, `free_bootmem_node`).
  ///
  /// The start is rounded up to a page and the end down: pages that lie in the range in part stay
  /// as they are.  The search of each node goes on at the first page freed, if it would have gone
  /// on above; that holds even where no whole page is left.
  ///
  /// - Parameters:
  ///   - range: The range.  Its whole pages must be reserved, each in a node; without `node` they
  ///     may lie in several nodes that adjoin.
  ///   - node: The node that has all the pages.
  /// - Complexity: O(levels) for each node.
  public mutating func free(
    _ range: AddressRange, on node: NodeID? = nil
  ) throws(BootMemoryError) {
    try check(range)
    let start = range.roundedUpStart
    let end = range.roundedDownEnd
    guard let pages = PageRange(start: start, end: end), !pages.isEmpty else {
      try freeNothing(range, on: node)
      return
    }
    var walk = try walk(over: pages, on: node)
    let first = walk
    while let part = walk.next(in: self) {
      if let page = unsafe pointer(to: part.node).pointee.firstFree(in: part.pages) {
        throw .misuse(.alreadyFree(page))
      }
    }
    walk = first
    while let part = walk.next(in: self) {
      if hasDebugOutput { debugFree(part.node, part.pages) }
      unsafe pointer(to: part.node).pointee.lowerHint(to: part.pages.start)
      unsafe pointer(to: part.node).pointee.mark(part.pages, free: true)
    }
  }

  /// Marks a range reserved (`reserve_bootmem`, `reserve_bootmem_node`).
  ///
  /// The range is rounded outwards to pages.  An empty range inside a page reserves that page, one
  /// on a page border or outside of every node does nothing.
  ///
  /// - Parameters:
  ///   - range: The range.  Its pages must each lie in a node; without `node` they may lie in
  ///     several nodes that adjoin.
  ///   - node: The node that has all the pages.
  ///   - exclusively: Whether it is an error, ``BootMemoryError/alreadyReserved(_:)``, if any page
  ///     is reserved already.  Nothing is reserved then, but as in Linux the search of each node up
  ///     to that page goes on at the first page of the range, if it would have gone on above.
  /// - Complexity: O(levels) for each node.
  public mutating func reserve(
    _ range: AddressRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    try check(range)
    let pages = range.touchedPages
    guard !pages.isEmpty else { return }
    if range.isEmpty {
      guard let holder = nodeIndex(containing: pages.start) else { return }
      if let node, try index(of: node) != holder { return }
    }
    let first = try walk(over: pages, on: node)
    if exclusively, let page = firstReserved(first) {
      undoReserve(first, at: page)
      throw .alreadyReserved(page)
    }
    var walk = first
    while let part = walk.next(in: self) {
      if hasDebugOutput { debugReserve(part.node, part.pages, exclusively: exclusively) }
      unsafe pointer(to: part.node).pointee.mark(part.pages, free: false)
    }
  }

  private func firstReserved(_ walk: NodeWalk) -> PageFrame? {
    var walk = walk
    while let part = walk.next(in: self) {
      let page = unsafe pointer(to: part.node).pointee.firstReserved(in: part.pages)
      if let page { return page }
    }
    return nil
  }

  /// What the undoing of a failed exclusive reserve leaves behind in Linux: the pages before the
  /// one in the way were free, and are so again, but freeing them has lowered the hints.
  private mutating func undoReserve(_ walk: NodeWalk, at page: PageFrame) {
    var walk = walk
    while let part = walk.next(in: self), part.pages.start <= page {
      unsafe pointer(to: part.node).pointee.lowerHint(to: part.pages.start)
    }
  }

  /// Frees a range without a whole page: it only lowers a hint, and that only if the pages that the
  /// range rounds to lie in one node.
  private mutating func freeNothing(
    _ range: AddressRange, on node: NodeID?
  ) throws(BootMemoryError) {
    let named = try node.map { (node) throws(BootMemoryError) in try index(of: node) }
    let start = range.roundedUpStart
    if !range.isEmpty { try checkTouch(range.touchedPages, node: named) }
    guard let holder = nodeIndex(containing: start), named == nil || named == holder else { return }
    // Start rounded up and end rounded down are the same page, or, inside a page, the next and it.
    guard unsafe pointer(to: holder).pointee.span.contains(range.roundedDownEnd) else { return }
    unsafe pointer(to: holder).pointee.lowerHint(to: start)
  }

  /// Refuses a range that has bytes, but none of them in a node.
  private func checkTouch(_ pages: PageRange, node: Int?) throws(BootMemoryError) {
    if let node {
      guard unsafe pointer(to: node).pointee.span.overlaps(pages) else {
        throw .misuse(.outsideNode(pages.start, NodeID(node)))
      }
      return
    }
    var index = firstNode
    while index >= 0 {
      if unsafe pointer(to: index).pointee.span.overlaps(pages) { return }
      index = unsafe pointer(to: index).pointee.next
    }
    throw .misuse(.outsideNodes(pages.start))
  }

  private func check(_ range: AddressRange) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    guard range.roundedUpEnd <= platform.addressWidth.endPageFrame else {
      throw .misuse(.beyondAddressSpace(range.start))
    }
  }

  /// The registered node that has `page`.
  func nodeIndex(containing page: PageFrame) -> Int? {
    var index = firstNode
    while index >= 0 {
      if unsafe pointer(to: index).pointee.span.contains(page) { return index }
      index = unsafe pointer(to: index).pointee.next
    }
    return nil
  }

  /// The nodes that `pages` lie in, once it is clear that every page lies in one, or in `node`.
  private func walk(
    over pages: PageRange, on node: NodeID?
  ) throws(BootMemoryError) -> NodeWalk {
    if let node {
      let index = try index(of: node)
      let span = unsafe pointer(to: index).pointee.span
      guard span.contains(pages) else {
        // The first page that is not in the node.
        let outside = span.contains(pages.start) ? span.end : pages.start
        throw .misuse(.outsideNode(outside, node))
      }
      return NodeWalk(node: index, pages: pages)
    }
    guard let first = nodeIndex(containing: pages.start) else {
      throw .misuse(.outsideNodes(pages.start))
    }
    var covered = pages.start
    var index = first
    while index >= 0 {
      let span = unsafe pointer(to: index).pointee.span
      // A node without pages between two that adjoin is no hole.
      if !span.isEmpty {
        guard span.contains(covered) else { break }
        covered = span.end
        if covered >= pages.end { return NodeWalk(node: first, pages: pages) }
      }
      index = unsafe pointer(to: index).pointee.next
    }
    throw .misuse(.outsideNodes(covered))
  }
}

/// The way through the nodes that a range of pages lies in, in ascending order.
private struct NodeWalk {
  /// The node that comes next.
  var node: Int

  /// The pages that lie in that node or a later one.
  var pages: PageRange

  /// The next node, with those of the pages that lie in it.
  mutating func next(in memory: borrowing BootMemory) -> (node: Int, pages: PageRange)? {
    while !pages.isEmpty, node >= 0 {
      let index = node
      let span = unsafe memory.pointer(to: index).pointee.span
      node = unsafe memory.pointer(to: index).pointee.next
      if let part = span.intersection(pages),
        let rest = PageRange(start: part.end, end: pages.end)
      {
        pages = rest
        return (index, part)
      }
    }
    return nil
  }
}
