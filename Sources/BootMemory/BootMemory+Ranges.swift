// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Freeing and reserving ranges.
extension BootMemory {
  /// Marks a range free (`free_bootmem`, `free_bootmem_node`).
  ///
  /// The start is rounded up to a page and the end down: pages that lie only partly in the range
  /// stay as they are.  In each node the search continues at the first page freed, if it would have
  /// continued above that.  A range without a whole page frees nothing, and is not misuse wherever
  /// it lies in the address space; inside a node it still makes the search continue no higher than
  /// at its start rounded up.
  ///
  /// - Parameters:
  ///   - range: The range.  Its whole pages must be reserved, each in a node; without `node` they
  ///     may lie in several adjoining nodes.
  ///   - node: The node that must contain all the pages.
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

  /// ``free(_:on:)-(AddressRange,_)``, inlined where one more call would matter.
  @inline(__always)
  package mutating func inlinedFree(
    _ range: AddressRange, on node: NodeID?
  ) throws(BootMemoryError) {
    // Rounded inwards.  If either sum wraps around, or there is no page before the end, the two
    // pages differ by more than a word, or no node contains the last one.
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

  /// Marks pages free, as ``free(_:on:)-(AddressRange,_)`` does the whole pages of an address
  /// range.
  ///
  /// - Parameters:
  ///   - pages: The pages.  They must be reserved, each in a node; without `node` they may lie in
  ///     several adjoining nodes.  An empty range in the address space is not misuse, and changes
  ///     nothing.
  ///   - node: The node that must contain all the pages.
  /// - Throws: What ``free(_:on:)-(AddressRange,_)`` throws.  Nothing has changed then.
  /// - Complexity: O(levels) for each node.
  public mutating func free(_ pages: PageRange, on node: NodeID? = nil) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    let pages = try checked(pages)
    guard !pages.isEmpty else { return }
    try freeByWalk(pages, on: node)
  }

  /// Marks a range reserved (`reserve_bootmem`, `reserve_bootmem_node`).
  ///
  /// The range is rounded outwards to pages.  An empty range inside a page reserves that page; one
  /// on a page boundary or outside every node does nothing.
  ///
  /// - Parameters:
  ///   - range: The range.  Its pages must each lie in a node; without `node` they may lie in
  ///     several adjoining nodes.
  ///   - node: The node that must contain all the pages.
  ///   - exclusively: Whether it is an error if any page is already reserved.
  /// - Throws: ``BootMemoryError/alreadyReserved(_:)`` or ``BootMemoryError/bitmapReserved(_:_:)``
  ///   if `exclusively` is true and a page is already reserved; nothing is reserved then, but, as
  ///   in Linux, the search of each node up to that page continues at the node's first page of the
  ///   range, if it would have continued above that.  ``BootMemoryMisuse/outsideNodes(_:)``,
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

  /// ``reserve(_:on:exclusively:)-(AddressRange,_,_)``, inlined where one more call would matter.
  @inline(__always)
  package mutating func inlinedReserve(
    _ range: AddressRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    // Rounded outwards.  If the end wraps around to page 0, no node contains the page before it.
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

  /// Marks pages reserved, as ``reserve(_:on:exclusively:)-(AddressRange,_,_)`` does the pages that
  /// an address range touches.
  ///
  /// - Parameters:
  ///   - pages: The pages.  Each must lie in a node; without `node` they may lie in several
  ///     adjoining nodes.  An empty range in the address space is not misuse, and changes nothing.
  ///   - node: The node that must contain all the pages.
  ///   - exclusively: Whether it is an error if any page is already reserved.
  /// - Throws: What ``reserve(_:on:exclusively:)-(AddressRange,_,_)`` throws.
  /// - Complexity: O(levels) for each node.
  public mutating func reserve(
    _ pages: PageRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    guard !isHandedOver else { throw .handedOver }
    let pages = try checked(pages)
    guard !pages.isEmpty else { return }
    try reserveByWalk(pages, on: node, exclusively: exclusively)
  }

  /// Frees reserved pages, or reserves free ones, if they lie in one word of a bitmap, so that
  /// changing that word is enough: the path of most calls.
  ///
  /// On 32-bit processors it is a separate function: the C library, which has to stay small, has no
  /// room there for a copy in each of its callers.
  ///
  /// - Returns: Whether it did so; if not, nothing has changed.
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
      // Mostly it is the first.  A node whose plain pages end at or below the last page is skipped,
      // even if it contains the pages; then the check below fails, and nothing is done.
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

  /// Frees a range without a whole page, which only lowers a hint, and only if both pages that the
  /// range rounds to lie in one node.
  private mutating func freeNothing(
    _ range: AddressRange, on id: NodeID?
  ) throws(BootMemoryError) {
    // The start rounded up and the end rounded down are the same page or, for a range inside a
    // page, the next page and that page.
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

  /// Reproduces what undoing a failed exclusive reserve leaves behind in Linux.
  ///
  /// The pages before the one in the way were free and are free again, but in Linux freeing them
  /// has lowered the hints: first that of the node with `page`, which `walk` has reached, then
  /// those of the nodes before it.
  private mutating func undoReserve(
    _ walk: NodeWalk, before page: PageNumber, from first: NodePointer, _ pages: Range<PageNumber>
  ) {
    let start = walk.part.lowerBound
    if hasDebugOutput { unsafe debugUndo(walk.node, start..<page) }
    unsafe walk.node.pointee.lowerHint(to: start)
    // If `page` lies in the first node, Linux frees no page of it here, but prints a line all the
    // same.
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

  /// The first of the nodes that contain `pages`; throws unless every page lies in a node, or all
  /// lie in `node` if that is given.
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
      // An empty node between two adjoining ones is not a hole.
      guard let node = unsafe next, unsafe node.pointee.pages.lowerBound == covered else {
        throw .misuse(.outsideNodes(PageFrame(UInt64(covered))))
      }
      covered = unsafe node.pointee.pages.upperBound
      unsafe next = node.pointee.next
    }
    return unsafe first
  }
}
