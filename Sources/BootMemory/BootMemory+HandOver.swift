// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Handing the memory over to a page allocator.
extension BootMemory {
  /// Hands over every free page, and the pages of the bitmaps (`free_all_bootmem`).
  ///
  /// For each node in ascending order, it releases the free pages, as maximal naturally aligned
  /// blocks in ascending order, and then the pages of the node's bitmap, which is not read after
  /// that.  Every page is released at most once, even where a bitmap lies in pages that were marked
  /// free.  Afterwards nothing can be allocated, freed or reserved.
  ///
  /// - Parameters:
  ///   - maximumOrder: The largest order of a block (Linux: 10), from 0 up to, but not including,
  ///     ``/PhysicalMemory/PageFrame/numberBitCount``.
  ///   - release: Takes a block.  It may write to the pages, but must not call boot memory.
  /// - Returns: The number of pages released; 0 if the memory has been handed over before.
  /// - Throws: ``BootMemoryMisuse/orderOutOfRange(_:)``; nothing has changed then.
  /// - Complexity: O(blocks + nodes²).
  @discardableResult
  public mutating func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard (0..<PageFrame.numberBitCount).contains(maximumOrder) else {
      throw .misuse(.orderOutOfRange(maximumOrder))
    }
    guard !isHandedOver else { return 0 }
    reserveBitmaps(in: bitmapsSpan)
    isHandedOver = true
    var released: UInt = 0
    var next = unsafe firstNode
    while let node = unsafe next {
      if hasDebugOutput { unsafe debugHandOver(node) }
      let id = unsafe id(of: node)
      // Sums of parts of the address space do not overflow.
      var releasedHere: UInt = 0
      let end = unsafe node.pointee.pages.upperBound
      var page = unsafe node.pointee.pages.lowerBound
      while page < end, let start = unsafe node.pointee.firstFree(in: page..<end) {
        page = unsafe node.pointee.firstReserved(in: start..<end) ?? end
        releasedHere &+= page &- start
        releaseBlocks(of: start..<page, node: id, maximumOrder: maximumOrder, release)
      }
      let bitmapPages = unsafe Range(node.pointee.bitmapPages)
      releasedHere &+= bitmapPages.upperBound &- bitmapPages.lowerBound
      releaseBlocks(of: bitmapPages, node: id, maximumOrder: maximumOrder, release)
      if hasDebugOutput { unsafe debugHandedOver(node, released: UInt64(releasedHere)) }
      released &+= releasedHere
      unsafe next = node.pointee.next
    }
    return UInt64(released)
  }

  /// Gives the page allocator the whole pages of a reserved range after the hand-over
  /// (`free_bootmem_late`).
  ///
  /// All pages of the range must have been reserved.
  ///
  /// - Parameters:
  ///   - range: The range: start rounded up, end rounded down.
  ///   - release: Takes a page, as a block of order 0 of the node that contains it, or of node 0 if
  ///     none does.
  /// - Returns: The number of pages.
  /// - Throws: ``BootMemoryMisuse/notHandedOver``, ``BootMemoryMisuse/beyondAddressSpace(_:)``, or
  ///   ``BootMemoryError/handedOver`` if the module `PageAllocator` has taken over the pages, and
  ///   so releases them itself; nothing has been released then.
  /// - Complexity: O(pages × nodes).
  @discardableResult
  public mutating func releaseLate(
    _ range: AddressRange, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard isHandedOver else { throw .misuse(.notHandedOver) }
    guard !arePagesKept else { throw .handedOver }
    guard range.roundedUpEnd <= endPageFrame else {
      throw .misuse(.beyondAddressSpace(range.start))
    }
    guard let pages = range.wholePages.map({ Range($0) }) else { return 0 }
    var page = pages.lowerBound
    while page < pages.upperBound {
      let node = unsafe node(containing: page, from: firstNode).map { unsafe id(of: $0) }
      release(
        PageBlock(
          uncheckedFirst: PageFrame(UInt64(page)), order: 0, node: node ?? NodeID(0)))
      // Below the end of the range.
      page &+= 1
    }
    return UInt64(pages.upperBound &- pages.lowerBound)
  }

  /// Cuts a run of pages into maximal naturally aligned blocks.
  @inline(never)
  private func releaseBlocks(
    of pages: Range<PageNumber>, node: NodeID, maximumOrder: Int, _ release: (PageBlock) -> Void
  ) {
    var first = pages.lowerBound
    while first < pages.upperBound {
      // The largest order that divides the first page's number and fits in the rest.
      let rest = pages.upperBound &- first
      let fitting = PageNumber.bitWidth &- 1 &- rest.leadingZeroBitCount
      let order = min(min(first.trailingZeroBitCount, fitting), maximumOrder)
      release(
        PageBlock(uncheckedFirst: PageFrame(UInt64(first)), order: order, node: node))
      // At most `rest`, by the choice of the order.
      first &+= 1 &<< PageNumber(truncatingIfNeeded: order)
    }
  }
}
