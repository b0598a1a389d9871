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
    guard !isHandedOver else { throw .handedOver }
    try check(range)
    guard let pages = range.wholePages else {
      try freeNothing(range, on: node)
      return
    }
    try free(pages, on: node)
  }

  /// Marks pages free, as ``free(_:on:)-(AddressRange,_)`` does those of an address range.
  ///
  /// - Complexity: O(levels) for each node.
  public mutating func free(_ pages: PageRange, on node: NodeID? = nil) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    guard !pages.isEmpty else { return }
    let first = unsafe try firstNode(of: pages, on: node)
    var walk = unsafe NodeWalk(from: first, over: pages)
    repeat {
      if let page = unsafe walk.node.pointee.firstFree(in: walk.part) {
        throw .misuse(.alreadyFree(page))
      }
    } while walk.advance()
    walk = unsafe NodeWalk(from: first, over: pages)
    repeat {
      if hasDebugOutput { unsafe debugFree(walk.node, walk.part) }
      unsafe walk.node.pointee.lowerHint(to: walk.part.start)
      unsafe walk.node.pointee.mark(walk.part, free: true)
    } while walk.advance()
  }

  /// Frees a range if all it takes is to change one word of a bitmap: the short cut that spares most
  /// calls of ``free(_:on:)`` its checks.
  ///
  /// - Parameters:
  ///   - start: The first address.
  ///   - byteCount: The size; the range may reach beyond the address space, which is refused.
  /// - Returns: Whether that was so; nothing has changed otherwise.
  /// - Complexity: O(levels + nodes).
  @inline(__always)
  public mutating func freeInWord(start: PhysicalAddress, byteCount: UInt64) -> Bool {
    // Rounded inwards.  Where rounding up wraps around, to page 0, the end is so far above that it
    // is refused as too many pages for a word.
    guard let node = unsafe shortcutNode else { return false }
    let (behind, overflow) = start.rawValue.addingReportingOverflow(byteCount)
    guard !overflow else { return false }
    let first = PageFrame(
      (start.rawValue &+ (PageFrame.byteCount &- 1)) >> PageFrame.byteCountShift)
    // Where there is no page in front of the end, this wraps to a page that no node has.
    let last = PageFrame((behind >> PageFrame.byteCountShift) &- 1)
    guard let node = unsafe self.node(from: first, through: last, behind: node) else {
      return false
    }
    return unsafe node.pointee.toggle(from: first, through: last, free: true)
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
      guard let holder = unsafe self.node(containing: pages.start, from: firstNode) else { return }
      if let node, unsafe try pointer(to: node) != holder { return }
    }
    try reserve(pages, on: node, exclusively: exclusively)
  }

  /// Marks pages reserved, as ``reserve(_:on:exclusively:)-(AddressRange,_,_)`` does those that an
  /// address range touches.
  ///
  /// - Complexity: O(levels) for each node.
  public mutating func reserve(
    _ pages: PageRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    guard !pages.isEmpty else { return }
    let first = unsafe try firstNode(of: pages, on: node)
    var walk = unsafe NodeWalk(from: first, over: pages)
    if exclusively {
      repeat {
        if let page = unsafe walk.node.pointee.firstReserved(in: walk.part) {
          unsafe undoReserve(from: first, pages, at: page)
          throw .alreadyReserved(page)
        }
      } while walk.advance()
      walk = unsafe NodeWalk(from: first, over: pages)
    }
    repeat {
      if hasDebugOutput { unsafe debugReserve(walk.node, walk.part, exclusively: exclusively) }
      unsafe walk.node.pointee.mark(walk.part, free: false)
    } while walk.advance()
  }

  /// Reserves a range if all of it is free and it takes to change one word of a bitmap: the short
  /// cut that spares most calls of ``reserve(_:on:exclusively:)`` their checks.
  ///
  /// - Parameters:
  ///   - start: The first address.
  ///   - byteCount: The size; the range may reach beyond the address space, which is refused.
  /// - Returns: Whether that was so; nothing has changed otherwise.
  /// - Complexity: O(levels + nodes).
  @inline(__always)
  public mutating func reserveInWord(start: PhysicalAddress, byteCount: UInt64) -> Bool {
    // Rounded outwards.  Where rounding up wraps around, to page 0, there is no page in front.
    guard let node = unsafe shortcutNode else { return false }
    let (behind, overflow) = start.rawValue.addingReportingOverflow(byteCount)
    guard !overflow else { return false }
    let first = start.pageFrame
    let end = (behind &+ (PageFrame.byteCount &- 1)) >> PageFrame.byteCountShift
    let last = PageFrame(end &- 1)
    guard let node = unsafe self.node(from: first, through: last, behind: node) else {
      return false
    }
    return unsafe node.pointee.toggle(from: first, through: last, free: false)
  }

  /// The first node from `start` on that ends above `last`, the only one that can have the pages up
  /// to it; nil where they do not share a word.
  @inline(__always)
  private func node(
    from first: PageFrame, through last: PageFrame, behind start: NodePointer
  ) -> NodePointer? {
    guard first.number ^ last.number < UInt64(BitmapWord.bitCount) else { return nil }
    var node = unsafe start
    while unsafe node.pointee.span.end <= last {
      guard let next = unsafe node.pointee.next else { return nil }
      unsafe node = next
    }
    return unsafe node
  }

  /// What the undoing of a failed exclusive reserve leaves behind in Linux: the pages before the
  /// one in the way were free, and are so again, but freeing them has lowered the hints.
  private mutating func undoReserve(
    from first: NodePointer, _ pages: PageRange, at page: PageFrame
  ) {
    var walk = unsafe NodeWalk(from: first, over: pages)
    repeat {
      unsafe walk.node.pointee.lowerHint(to: walk.part.start)
    } while walk.advance() && walk.part.start <= page
  }

  /// Frees a range without a whole page: it only lowers a hint, and that only if the pages that the
  /// range rounds to lie in one node.
  private mutating func freeNothing(
    _ range: AddressRange, on node: NodeID?
  ) throws(BootMemoryError) {
    let start = range.roundedUpStart
    let holder = unsafe self.node(containing: start, from: firstNode)
    let touched = range.touchedPages
    if let node {
      let named = unsafe try pointer(to: node)
      guard unsafe range.isEmpty || named.pointee.span.overlaps(touched) else {
        throw .misuse(.outsideNode(touched.start, node))
      }
      guard unsafe holder == named else { return }
    } else if !range.isEmpty {
      // The range touches a page or two.
      let last = PageFrame(touched.end.number - 1)
      guard
        unsafe self.node(containing: touched.start, from: firstNode) != nil
          || self.node(containing: last, from: firstNode) != nil
      else { throw .misuse(.outsideNodes(touched.start)) }
    }
    guard let holder = unsafe holder else { return }
    // Start rounded up and end rounded down are the same page, or, inside a page, the next and it.
    if unsafe holder.pointee.span.contains(range.roundedDownEnd) {
      unsafe holder.pointee.lowerHint(to: start)
    }
  }

  private func check(_ range: AddressRange) throws(BootMemoryError) {
    guard range.roundedUpEnd <= platform.addressWidth.endPageFrame else {
      throw .misuse(.beyondAddressSpace(range.start))
    }
  }

  /// The first of the nodes that `pages` lie in; throws unless every page lies in one, or in `node`.
  private mutating func firstNode(
    of pages: PageRange, on node: NodeID?
  ) throws(BootMemoryError) -> NodePointer {
    if let node {
      let named = unsafe try pointer(to: node)
      let span = unsafe named.pointee.span
      guard span.contains(pages) else {
        // The first page that is not in the node.
        let outside = span.contains(pages.start) ? span.end : pages.start
        throw .misuse(.outsideNode(outside, node))
      }
      return unsafe named
    }
    var start = unsafe firstNode
    if let recent = unsafe recentNode, unsafe recent.pointee.span.start <= pages.start {
      unsafe start = recent
    }
    guard let first = unsafe self.node(containing: pages.start, from: start) else {
      throw .misuse(.outsideNodes(pages.start))
    }
    unsafe recentNode = first
    var covered = unsafe first.pointee.span.end
    var next = unsafe first.pointee.next
    while covered < pages.end {
      // A node without pages between two that adjoin is no hole.
      guard let node = unsafe next, unsafe node.pointee.span.start == covered else {
        throw .misuse(.outsideNodes(covered))
      }
      covered = unsafe node.pointee.span.end
      unsafe next = node.pointee.next
    }
    return unsafe first
  }
}
