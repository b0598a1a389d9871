// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Freeing and reserving ranges.
extension BootMemory {
  /// Marks a range free (`free_bootmem`, `free_bootmem_node`).
  ///
  /// The start is rounded up to a page and the end down: pages that lie in the range in part stay
  /// as they are.  The search of each node continues at the first page freed, if it would have gone
  /// on above.  A range without a whole page frees nothing and is never misuse, wherever it lies;
  /// inside a node it lowers that hint nevertheless, to its start rounded up.
  ///
  /// - Parameters:
  ///   - range: The range.  Its whole pages must be reserved, each in a node; without `node` they
  ///     may lie in several nodes that adjoin.
  ///   - node: The node that has all the pages.
  /// - Throws: ``BootMemoryMisuse/alreadyFree(_:)``, ``BootMemoryMisuse/outsideNodes(_:)``,
  ///   ``BootMemoryMisuse/outsideNode(_:_:)``, ``BootMemoryMisuse/beyondAddressSpace(_:)``,
  ///   ``BootMemoryMisuse/noSuchNode(_:)``; ``BootMemoryError/handedOver``.  Nothing has changed
  ///   then.
  /// - Complexity: O(levels) for each node; O(1) in the word of the last change.
  @_optimize(speed) @inline(never)
  public mutating func free(
    _ range: AddressRange, on node: NodeID? = nil
  ) throws(BootMemoryError) {
    try inlinedFree(range, on: node)
  }

  /// ``free(_:on:)-(AddressRange,_)`` as a part of its caller, where a call more would count.
  @inline(__always)
  package mutating func inlinedFree(
    _ range: AddressRange, on node: NodeID?
  ) throws(BootMemoryError) {
    // Rounded inwards.  Where either sum wraps around, or there is no page in front of the end, the
    // two pages differ by more than a word, or no node has the last.
    if let start = UInt(exactly: range.start.rawValue),
      let end = UInt(exactly: range.start.rawValue &+ range.byteCount),
      flip(
        from: (start &+ PageFrame.offsetMask) &>> PageFrame.numberShift,
        through: end &>> PageFrame.numberShift &- 1, on: node, free: true)
    {
      return
    }
    try freeByWalk(range, on: node)
  }

  /// Marks pages free, as ``free(_:on:)-(AddressRange,_)`` does those of an address range.
  ///
  /// - Parameters:
  ///   - pages: The pages, as there; none is no misuse, and changes nothing.
  ///   - node: The node that has all the pages.
  /// - Throws: As there.  Nothing has changed then.
  /// - Complexity: O(levels) for each node.
  public mutating func free(_ pages: PageRange, on node: NodeID? = nil) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    let pages = try checked(pages)
    guard !pages.isEmpty else { return }
    try freeByWalk(pages, on: node)
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
  ///   - exclusively: Whether it is an error if any page is reserved already.
  /// - Throws: ``BootMemoryError/alreadyReserved(_:)`` or ``BootMemoryError/bitmapReserved(_:_:)``
  ///   where asked for; nothing is reserved then, but as in Linux the search of each node up to that
  ///   page continues at the first page of the range, if it would have gone on above.
  ///   ``BootMemoryMisuse/outsideNodes(_:)``,
  ///   ``BootMemoryMisuse/outsideNode(_:_:)``, ``BootMemoryMisuse/beyondAddressSpace(_:)``,
  ///   ``BootMemoryMisuse/noSuchNode(_:)``, ``BootMemoryError/handedOver``; nothing has changed
  ///   then.
  /// - Complexity: O(levels) for each node; O(1) in the word of the last change.
  @_optimize(speed) @inline(never)
  public mutating func reserve(
    _ range: AddressRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    try inlinedReserve(range, on: node, exclusively: exclusively)
  }

  /// ``reserve(_:on:exclusively:)-(AddressRange,_,_)`` as a part of its caller, where a call more
  /// would count.
  @inline(__always)
  package mutating func inlinedReserve(
    _ range: AddressRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    // Rounded outwards.  Where the end wraps around to page 0, no node has the page in front.
    if let start = UInt(exactly: range.start.rawValue),
      let end = UInt(exactly: range.start.rawValue &+ range.byteCount),
      flip(
        from: start &>> PageFrame.numberShift,
        through: (end &+ PageFrame.offsetMask) &>> PageFrame.numberShift &- 1, on: node,
        free: false)
    {
      return
    }
    try reserveByWalk(range, on: node, exclusively: exclusively)
  }

  /// Marks pages reserved, as ``reserve(_:on:exclusively:)-(AddressRange,_,_)`` does those that an
  /// address range touches.
  ///
  /// - Parameters:
  ///   - pages: The pages, as there; none is no misuse, and changes nothing.
  ///   - node: The node that has all the pages.
  ///   - exclusively: Whether it is an error if any page is reserved already.
  /// - Throws: As there.
  /// - Complexity: O(levels) for each node.
  public mutating func reserve(
    _ pages: PageRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    let pages = try checked(pages)
    guard !pages.isEmpty else { return }
    try reserveByWalk(pages, on: node, exclusively: exclusively)
  }

  /// Frees reserved pages, or reserves free ones, if they are in one word of a bitmap, and so all
  /// it takes is to change that word: what most calls come to.
  ///
  /// On processors of 32 bits it is a separate function: the C library, which is to stay small, has
  /// no room there for a copy in each of its callers.
  ///
  /// - Returns: Whether that was so; nothing has changed otherwise.
  #if _pointerBitWidth(_32)
  @_optimize(speed) @inline(never)
  #else
  @inline(__always)
  #endif
  private mutating func flip(
    from first: PageNumber, through last: PageNumber, on id: NodeID?, free: Bool
  ) -> Bool {
    guard var node = unsafe cursorNode else { return false }
    if _slowPath(first ^ last >= BitmapWord.bitCount) { return false }
    if let id {
      guard let named = unsafe storage(of: id),
        unsafe last < named.pointee.plainPages.upperBound
      else { return false }
      unsafe node = named
    } else {
      // Mostly it is the first.  One whose plain pages end below is passed, and then nothing is
      // done.
      if unsafe _slowPath(node.pointee.plainPages.upperBound <= last) {
        repeat {
          guard let next = unsafe node.pointee.next else { return false }
          unsafe node = next
        } while unsafe node.pointee.plainPages.upperBound <= last
      }
    }
    guard unsafe node.pointee.plainPages.lowerBound <= first else { return false }
    return unsafe node.pointee.flip(from: first, through: last, free: free)
  }

  @inline(never)
  private mutating func freeByWalk(
    _ range: AddressRange, on node: NodeID?
  ) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    try check(range)
    if let pages = range.wholePages {
      try freeByWalk(Range(pages), on: node)
    } else {
      try freeNothing(range, on: node)
    }
  }

  @inline(never)
  private mutating func freeByWalk(
    _ pages: Range<PageNumber>, on node: NodeID?
  ) throws(BootMemoryError) {
    let first = unsafe try firstNode(of: pages, on: node)
    var walk = unsafe NodeWalk(from: first, over: pages)
    repeat {
      if unsafe !walk.node.pointee.isReserved(walk.part) {
        let page = unsafe walk.node.pointee.firstFree(in: walk.part) ?? walk.part.lowerBound
        throw .misuse(.alreadyFree(PageFrame(UInt64(page))))
      }
    } while walk.advance()
    walk = unsafe NodeWalk(from: first, over: pages)
    repeat {
      if hasDebugOutput { unsafe debugFree(walk.node, walk.part) }
      unsafe walk.node.pointee.lowerHint(to: walk.part.lowerBound)
      unsafe walk.node.pointee.mark(walk.part, free: true)
    } while walk.advance()
    if platform.keepsBitmapsReserved && pages.overlaps(bitmapsSpan) { reserveBitmaps(in: pages) }
  }

  /// Frees a range without a whole page: it only lowers a hint, and that only if the pages that the
  /// range rounds to lie in one node.
  private mutating func freeNothing(
    _ range: AddressRange, on id: NodeID?
  ) throws(BootMemoryError) {
    // Start rounded up and end rounded down are the same page, or, inside a page, the next and it.
    let start = PageNumber(truncatingIfNeeded: range.roundedUpStart.number)
    let end = PageNumber(truncatingIfNeeded: range.roundedDownEnd.number)
    var holder = unsafe node(containing: start, from: firstNode)
    if let id, unsafe try pointer(to: id) != holder { unsafe holder = nil }
    guard let holder = unsafe holder, unsafe holder.pointee.pages.contains(end) else { return }
    unsafe holder.pointee.lowerHint(to: start)
  }

  @inline(never)
  private mutating func reserveByWalk(
    _ range: AddressRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    try check(range)
    let pages = Range(range.touchedPages)
    guard !pages.isEmpty else { return }
    if range.isEmpty {
      guard let holder = unsafe self.node(containing: pages.lowerBound, from: firstNode) else {
        return
      }
      if let node, unsafe try pointer(to: node) != holder { return }
    }
    try reserveByWalk(pages, on: node, exclusively: exclusively)
  }

  @inline(never)
  private mutating func reserveByWalk(
    _ pages: Range<PageNumber>, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    let first = unsafe try firstNode(of: pages, on: node)
    var walk = unsafe NodeWalk(from: first, over: pages)
    repeat {
      if hasDebugOutput { unsafe debugReserve(walk.node, walk.part, exclusively: exclusively) }
      if exclusively, let page = unsafe walk.node.pointee.firstReserved(in: walk.part) {
        unsafe undoReserve(walk, before: page, from: first, pages)
        throw reserved(page)
      }
    } while walk.advance()
    walk = unsafe NodeWalk(from: first, over: pages)
    repeat { unsafe walk.node.pointee.mark(walk.part, free: false) } while walk.advance()
  }

  /// The error for a page that is in the way of an exclusive reserve.
  @inline(never)
  private mutating func reserved(_ page: PageNumber) -> BootMemoryError {
    var next = unsafe firstNode
    while let node = unsafe next {
      if unsafe Range(node.pointee.bitmapPages).contains(page) {
        return unsafe .bitmapReserved(PageFrame(UInt64(page)), id(of: node))
      }
      unsafe next = node.pointee.next
    }
    return .alreadyReserved(PageFrame(UInt64(page)))
  }

  /// What the undoing of a failed exclusive reserve leaves behind in Linux: the pages before the
  /// one in the way were free, and are so again, but freeing them has lowered the hints, first that
  /// of the node with `page`, to which `walk` has come, then those of the nodes before.
  private mutating func undoReserve(
    _ walk: NodeWalk, before page: PageNumber, from first: NodePointer, _ pages: Range<PageNumber>
  ) {
    let start = walk.part.lowerBound
    if hasDebugOutput { unsafe debugUndo(walk.node, start..<page) }
    unsafe walk.node.pointee.lowerHint(to: start)
    // Linux frees no page of the first node then, and says so.
    var walk = unsafe NodeWalk(from: first, over: pages.lowerBound..<start)
    repeat {
      if hasDebugOutput { unsafe debugFree(walk.node, walk.part) }
      unsafe walk.node.pointee.lowerHint(to: walk.part.lowerBound)
    } while walk.advance()
  }

  private mutating func check(_ range: AddressRange) throws(BootMemoryError) {
    guard range.roundedUpEnd <= endPageFrame else {
      throw .misuse(.beyondAddressSpace(range.start))
    }
  }

  mutating func checked(_ pages: PageRange) throws(BootMemoryError) -> Range<PageNumber> {
    guard pages.end <= endPageFrame else {
      throw .misuse(.beyondAddressSpace(pages.start.firstAddress ?? PhysicalAddress(.max)))
    }
    return Range(pages)
  }

  /// The first of the nodes that `pages` lie in; throws unless every page lies in one, or in
  /// `node`.
  private mutating func firstNode(
    of pages: Range<PageNumber>, on node: NodeID?
  ) throws(BootMemoryError) -> NodePointer {
    if let node {
      let named = unsafe try pointer(to: node)
      let span = unsafe named.pointee.pages
      guard span.lowerBound <= pages.lowerBound, pages.upperBound <= span.upperBound else {
        // The first page that is not in the node.
        let outside = span.contains(pages.lowerBound) ? span.upperBound : pages.lowerBound
        throw .misuse(.outsideNode(PageFrame(UInt64(outside)), node))
      }
      return unsafe named
    }
    var start = unsafe firstNode
    if let recent = unsafe recentNode,
      unsafe recent.pointee.pages.lowerBound <= pages.lowerBound
    {
      unsafe start = recent
    }
    guard let first = unsafe self.node(containing: pages.lowerBound, from: start) else {
      throw .misuse(.outsideNodes(PageFrame(UInt64(pages.lowerBound))))
    }
    unsafe recentNode = first
    var covered = unsafe first.pointee.pages.upperBound
    var next = unsafe first.pointee.next
    while covered < pages.upperBound {
      // A node without pages between two that adjoin is no hole.
      guard let node = unsafe next, unsafe node.pointee.pages.lowerBound == covered else {
        throw .misuse(.outsideNodes(PageFrame(UInt64(covered))))
      }
      covered = unsafe node.pointee.pages.upperBound
      unsafe next = node.pointee.next
    }
    return unsafe first
  }
}
