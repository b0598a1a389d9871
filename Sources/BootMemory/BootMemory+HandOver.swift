import PhysicalMemory

/// Handing the memory over to a page allocator.
extension BootMemory {
  /// Hands over every free page, and the pages of the bitmaps (`free_all_bootmem`).
  ///
  /// For each node in ascending order: its free pages, as maximal naturally aligned blocks,
  /// ascending; then the pages of its bitmap, which from then on is not read any more.  Every page
  /// is released at most once, even where a bitmap lies in pages that were marked free.
  /// Afterwards nothing can be allocated, freed or reserved.
  ///
  /// - Parameters:
  ///   - maximumOrder: The largest order of a block (Linux: 10), from 0 to 51.
  ///   - release: Takes a block.  It may write to the pages, but not call boot memory.
  /// - Returns: The number of pages released; 0 if the memory has been handed over before.
  /// - Complexity: O(blocks + nodes²).
  @discardableResult
  public mutating func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard (0..<52).contains(maximumOrder) else { throw .misuse(.orderOutOfRange(maximumOrder)) }
    guard !isHandedOver else { return 0 }
    reserveBitmaps()
    isHandedOver = true
    var released: UInt64 = 0
    var next = unsafe firstNode
    while let node = unsafe next {
      if hasDebugOutput { unsafe debugHandOver(node) }
      let id = unsafe id(of: node)
      var releasedHere: UInt64 = 0
      var bit: UInt = 0
      let end = unsafe node.pointee.bitmap.bitCount
      while let start = unsafe node.pointee.bitmap.firstFree(from: bit, below: end) {
        bit = unsafe node.pointee.bitmap.firstReserved(from: start, below: end) ?? end
        // Sums of parts of the address space do not overflow.
        releasedHere &+= UInt64(bit &- start)
        releaseBlocks(
          from: unsafe node.pointee.page(ofBit: start), to: unsafe node.pointee.page(ofBit: bit),
          node: id, maximumOrder: maximumOrder, release)
      }
      let bitmapPages = unsafe node.pointee.bitmapPages
      releasedHere &+= bitmapPages.pageCount
      releaseBlocks(
        from: bitmapPages.start, to: bitmapPages.end, node: id, maximumOrder: maximumOrder, release
      )
      if hasDebugOutput { unsafe debugHandedOver(node, released: releasedHere) }
      released &+= releasedHere
      unsafe next = node.pointee.next
    }
    return released
  }

  /// Gives the whole pages of a range, which was reserved all the time, to the page allocator after
  /// the hand-over (`free_bootmem_late`).
  ///
  /// - Parameters:
  ///   - range: The range: start rounded up, end rounded down.
  ///   - release: Takes a page, as a block of order 0 of the node that has it; of node 0 where
  ///     none has.
  /// - Returns: The number of pages.
  /// - Complexity: O(pages × nodes).
  @discardableResult
  public mutating func releaseLate(
    _ range: AddressRange, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard isHandedOver else { throw .misuse(.notHandedOver) }
    guard range.roundedUpEnd <= platform.addressWidth.endPageFrame else {
      throw .misuse(.beyondAddressSpace(range.start))
    }
    guard let pages = range.wholePages else { return 0 }
    for number in pages.start.number..<pages.end.number {
      let page = PageFrame(number)
      let node = unsafe node(containing: page, from: firstNode).map { unsafe id(of: $0) }
      release(PageBlock(uncheckedFirst: page, order: 0, node: node ?? NodeID(0)))
    }
    return pages.pageCount
  }

  /// Marks the bitmaps' pages reserved, in whichever node they lie, so that none is handed over
  /// while its bitmap is in use, nor twice.
  package mutating func reserveBitmaps() {
    var nextOwner = unsafe firstNode
    while let owner = unsafe nextOwner {
      var next = unsafe firstNode
      while let node = unsafe next {
        if let part = unsafe node.pointee.span.intersection(owner.pointee.bitmapPages) {
          unsafe node.pointee.mark(part, free: false)
        }
        unsafe next = node.pointee.next
      }
      unsafe nextOwner = owner.pointee.next
    }
  }

  /// Cuts a run of pages into maximal naturally aligned blocks.
  @inline(never)
  private func releaseBlocks(
    from start: PageFrame, to end: PageFrame, node: NodeID, maximumOrder: Int,
    _ release: (PageBlock) -> Void
  ) {
    var first = start.number
    while first < end.number {
      // The largest order that the first page's number is divisible by, and that fits the rest.
      let rest = end.number &- first
      let order = min(
        first.trailingZeroBitCount, UInt64.bitWidth &- 1 &- rest.leadingZeroBitCount, maximumOrder)
      release(PageBlock(uncheckedFirst: PageFrame(first), order: order, node: node))
      // At most `rest`, by the choice of the order.
      first &+= 1 &<< UInt64(truncatingIfNeeded: order)
    }
  }
}
