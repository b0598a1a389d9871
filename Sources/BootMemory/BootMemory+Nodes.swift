// SPDX-License-Identifier: MIT
import PageBitmap
import PhysicalMemory

/// Registering and inspecting nodes.
extension BootMemory {
  /// The size in bytes of the bitmap of a node of `pageCount` pages, all its levels included.
  ///
  /// It is enough wherever the node starts, and exceeds the size of a flat bitmap by at most 8 %
  /// and two pages.
  ///
  /// - Parameter pageCount: At most 2^52.
  /// - Complexity: O(levels).
  public static func bitmapByteCount(forPageCount pageCount: UInt64) -> UInt64 {
    precondition(pageCount <= PageFrame.end.number)
    return UInt64(PageBitmap.byteCount(forPageCount: UInt(pageCount)))
  }

  /// The number of pages that the bitmap of a node of `pageCount` pages takes
  /// (`bootmem_bootmap_pages`).
  ///
  /// - Complexity: O(levels).
  public static func bitmapPageCount(forPageCount pageCount: UInt64) -> UInt64 {
    PageFrame.pageCount(holdingByteCount: bitmapByteCount(forPageCount: pageCount))
  }

  /// The number of pages that a node's bitmap takes in a kernel with addresses of `addressWidth`.
  ///
  /// It is as many as the bitmap takes on the kernel's own machine, and no fewer than here.  A host
  /// that simulates a 32-bit kernel has to keep that many pages free.
  ///
  /// - Complexity: O(levels).
  public static func bitmapPageCount(
    forPageCount pageCount: UInt64, addressWidth: AddressWidth
  ) -> UInt64 {
    let native = bitmapPageCount(forPageCount: pageCount)
    guard addressWidth == .bits32, addressWidth != .native else { return native }
    let byteCount = PageBitmap.byteCountOn32Bits(forPageCount: UInt(pageCount))
    return max(native, PageFrame.pageCount(holdingByteCount: UInt64(byteCount)))
  }

  /// Registers a node, all its pages reserved, with its bitmap in physical memory
  /// (`init_bootmem_node`).
  ///
  /// The bitmap's pages need not lie in a node; if they do, in whichever node, they stay reserved
  /// until the hand-over (see ``BootMemoryPlatform/keepsBitmapsReserved``), which releases them
  /// after the node's own pages.
  ///
  /// - Parameters:
  ///   - id: The node's number; each node is registered once.
  ///   - span: The node's pages, which must not overlap another node's; it may be empty, but must
  ///     not lie inside another node then.
  ///   - bitmapStart: The first page for the bitmap, of any content.
  /// - Returns: The size of the bitmap in bytes, see ``bitmapByteCount(forPageCount:)``.
  /// - Throws: ``BootMemoryMisuse/noSuchNode(_:)``, ``BootMemoryMisuse/nodeAlreadyRegistered(_:)``,
  ///   ``BootMemoryMisuse/nodeOverlaps(_:_:)``, ``BootMemoryMisuse/bitmapOverlaps(_:_:)``,
  ///   ``BootMemoryMisuse/bitmapMisplaced(_:)``, ``BootMemoryMisuse/beyondAddressSpace(_:)``;
  ///   ``BootMemoryError/handedOver``.  Nothing has changed then.
  /// - Complexity: O(levels + nodes); memory is touched at the bitmap's highest levels only.
  @discardableResult
  public mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmapAt bitmapStart: PageFrame
  ) throws(BootMemoryError) -> UInt64 {
    let node = unsafe try unregisteredNode(id, spanning: span)
    let byteCount = Self.bitmapByteCount(forPageCount: span.pageCount)
    let pageCount = PageFrame.pageCount(holdingByteCount: byteCount)
    guard let address = bitmapStart.firstAddress,
      let pages = PageRange(start: bitmapStart, pageCount: pageCount),
      pages.end <= endPageFrame
    else {
      throw .misuse(.beyondAddressSpace(bitmapStart.firstAddress ?? PhysicalAddress(.max)))
    }
    let previous = unsafe try predecessor(of: span, bitmapPages: pages)
    let memory = unsafe pointer(to: address)
    guard let memory = unsafe memory else { throw .misuse(.bitmapMisplaced(0)) }
    unsafe node.pointee.bitmapPages = pages
    unsafe insert(node, behind: previous, spanning: span, memory: memory)
    return byteCount
  }

  /// Registers a node, all its pages reserved, with its bitmap in memory that stays the caller's.
  ///
  /// - Parameters:
  ///   - id: The node's number; each node is registered once.
  ///   - span: The node's pages, which must not overlap another node's; it may be empty, but must
  ///     not lie inside another node then.
  ///   - bitmap: At least ``bitmapByteCount(forPageCount:)`` bytes of any content, aligned for a
  ///     pointer.
  /// - Returns: The size of the bitmap in bytes.
  /// - Throws: ``BootMemoryMisuse/noSuchNode(_:)``, ``BootMemoryMisuse/nodeAlreadyRegistered(_:)``,
  ///   ``BootMemoryMisuse/nodeOverlaps(_:_:)``,
  ///   ``BootMemoryMisuse/bitmapTooSmall(byteCount:requiredByteCount:)``,
  ///   ``BootMemoryMisuse/bitmapMisplaced(_:)``, ``BootMemoryMisuse/beyondAddressSpace(_:)``;
  ///   ``BootMemoryError/handedOver``.  Nothing has changed then.
  /// - Complexity: O(levels + nodes); memory is touched at the bitmap's highest levels only.
  @discardableResult
  public mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmap: UnsafeMutableRawBufferPointer
  ) throws(BootMemoryError) -> UInt64 {
    let node = unsafe try unregisteredNode(id, spanning: span)
    let byteCount = Self.bitmapByteCount(forPageCount: span.pageCount)
    guard UInt64(bitmap.count) >= byteCount else {
      throw .misuse(
        .bitmapTooSmall(byteCount: UInt64(bitmap.count), requiredByteCount: byteCount))
    }
    let place = UInt(bitPattern: bitmap.baseAddress)
    guard let memory = bitmap.baseAddress,
      place & UInt(MemoryLayout<UInt>.alignment - 1) == 0
    else {
      throw .misuse(.bitmapMisplaced(place))
    }
    let noPages = PageRange(emptyAt: PageFrame(0))
    let previous = unsafe try predecessor(of: span, bitmapPages: noPages)
    unsafe node.pointee.bitmapPages = noPages
    unsafe insert(node, behind: previous, spanning: span, memory: memory)
    return byteCount
  }

  /// The present state of a node; nil if there is no storage for it.
  public func node(_ id: NodeID) -> BootMemoryNode? {
    unsafe (try? pointer(to: id))?.pointee
  }

  /// The storage of a node that is to be registered.
  private mutating func unregisteredNode(
    _ id: NodeID, spanning span: PageRange
  ) throws(BootMemoryError) -> NodePointer {
    let node = unsafe try pointer(to: id)
    guard !isHandedOver else { throw .handedOver }
    guard unsafe !node.pointee.isRegistered else { throw .misuse(.nodeAlreadyRegistered(id)) }
    guard span.end <= endPageFrame else {
      throw .misuse(.beyondAddressSpace(span.start.firstAddress ?? PhysicalAddress(.max)))
    }
    return unsafe node
  }

  /// The registered node after which a new one goes in ascending order; nil for the first place.
  ///
  /// Throws if the pages overlap those of a registered node, or the bitmap overlaps another bitmap.
  @inline(never)
  private mutating func predecessor(
    of span: PageRange, bitmapPages: PageRange
  ) throws(BootMemoryError) -> NodePointer? {
    let pages = Range(span)
    // Most firmware lists nodes in order, and their bitmaps follow each other.
    if let last = unsafe lastNode, unsafe last.pointee.pages.upperBound <= pages.lowerBound,
      bitmapPages.start.number >= UInt64(bitmapsSpan.upperBound) || bitmapPages.isEmpty
    {
      return unsafe last
    }
    var previous: NodePointer? = nil
    var next = unsafe firstNode
    while let node = unsafe next {
      // Empty ranges overlap nothing: an empty range of bitmap pages is at page 0.
      let other = unsafe node.pointee.bitmapPages
      if other.start < bitmapPages.end && bitmapPages.start < other.end {
        throw unsafe .misuse(.bitmapOverlaps(bitmapPages, id(of: node)))
      }
      // A node without pages may lie between others, but not inside one.
      if unsafe node.pointee.pages.upperBound <= pages.lowerBound {
        unsafe previous = node
      } else if unsafe node.pointee.pages.lowerBound < pages.upperBound {
        throw unsafe .misuse(.nodeOverlaps(span, id(of: node)))
      }
      unsafe next = node.pointee.next
    }
    return unsafe previous
  }

  @inline(never)
  private mutating func insert(
    _ node: NodePointer, behind previous: NodePointer?, spanning span: PageRange,
    memory: UnsafeMutableRawPointer
  ) {
    let pages = Range(span)
    unsafe node.pointee.bitmap.reset(for: pages, memory: memory)
    unsafe node.pointee.pages = pages
    unsafe node.pointee.plainPages = pages
    unsafe node.pointee.highPage = highPage(of: pages)
    unsafe node.pointee.isRegistered = true
    unsafe node.pointee.nextPage = pages.lowerBound
    if let previous = unsafe previous {
      unsafe node.pointee.next = previous.pointee.next
      unsafe previous.pointee.next = node
    } else {
      unsafe node.pointee.next = firstNode
      unsafe firstNode = node
    }
    if unsafe node.pointee.next == nil { unsafe lastNode = node }
    if hasDebugOutput { unsafe debugRegister(node) }
    let bitmapPages = unsafe Range(node.pointee.bitmapPages)
    if !bitmapPages.isEmpty {
      let span = bitmapsSpan.isEmpty ? bitmapPages : bitmapsSpan
      bitmapsSpan =
        min(span.lowerBound, bitmapPages.lowerBound)..<max(span.upperBound, bitmapPages.upperBound)
    }
    if platform.keepsBitmapsReserved {
      leaveBitmapsToWalks()
      reserveBitmaps(in: bitmapPages)
    }
  }

  /// The page at which a node's memory begins that no 32-bit device reaches, if there is enough of
  /// it; otherwise 0 (Linux: `__alloc_bootmem_node_high`).
  private func highPage(of pages: Range<PageNumber>) -> PageNumber {
    // 128 MiB.
    let threshold: PageNumber = 128 << (20 - PageFrame.numberShift)
    guard let border = platform.maxDMA32PageFrame else { return 0 }
    let page = PageNumber(clamping: border.number)
    return page < pages.upperBound && pages.upperBound - page > threshold ? page : 0
  }

  /// Excludes the pages of bitmaps from those that are freed without a check for bitmaps.
  private mutating func leaveBitmapsToWalks() {
    var next = unsafe firstNode
    while let node = unsafe next, unsafe node.pointee.pages.lowerBound < bitmapsSpan.upperBound {
      let pages = unsafe node.pointee.pages
      if pages.overlaps(bitmapsSpan) {
        let below = pages.lowerBound..<max(pages.lowerBound, bitmapsSpan.lowerBound)
        let above = min(pages.upperBound, bitmapsSpan.upperBound)..<pages.upperBound
        unsafe node.pointee.plainPages = below.count > above.count ? below : above
      }
      unsafe next = node.pointee.next
    }
  }

  /// Reserves those pages of bitmaps that lie in `pages`, in whichever nodes they lie.
  ///
  /// - Complexity: O(nodes + bitmaps found × nodes).
  @inline(never)
  package mutating func reserveBitmaps(in pages: Range<PageNumber>) {
    var nextOwner = unsafe firstNode
    while let owner = unsafe nextOwner {
      let bitmapPages = unsafe Range(owner.pointee.bitmapPages).clamped(to: pages)
      var next = bitmapPages.isEmpty ? nil : unsafe firstNode
      while let node = unsafe next {
        let part = unsafe bitmapPages.clamped(to: node.pointee.pages)
        if !part.isEmpty { unsafe node.pointee.mark(part, free: false) }
        unsafe next = node.pointee.next
      }
      unsafe nextOwner = owner.pointee.next
    }
  }

  /// A pointer to a physical address; nil if that would be the nil pointer.
  ///
  /// This is the only place where a physical address becomes a pointer.
  @inlinable @inline(__always)
  public func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    // The sum may wrap around: that is how a direct map can lie below the addresses that it maps.
    unsafe UnsafeMutableRawPointer(
      bitPattern: UInt(truncatingIfNeeded: address.rawValue) &+ directMapOffset)
  }
}
