// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Sizes of allocations, and how they change.
extension KernelHeap {
  /// How many bytes an allocation has: at least as many as were asked for, and all may be used.
  ///
  /// - Parameter pointer: Its first byte.
  /// - Throws: ``KernelHeapError/notAllocated(address:_:)``.
  /// - Complexity: O(1).
  public mutating func byteCount(
    of pointer: UnsafeMutableRawPointer
  ) throws(KernelHeapError) -> UInt {
    unsafe byteCount(of: try find(pointer))
  }

  func byteCount(of page: HeapPage.Pointer) -> UInt {
    if unsafe !page.pointee.isBlock { return UInt(unsafe page.pointee.slotByteCount) }
    // The pages are there, so their bytes fit the machine's words.
    return UInt(unsafe page.pointee.pageCount) &<< UInt(PageFrame.byteCountShift)
  }

  /// Allocates memory that is all zeros.
  ///
  /// Pages that come from the source for this are not cleared again if it says that they are clear.
  ///
  /// - Complexity: O(size).
  public mutating func allocateZeroed(
    byteCount: UInt, alignment: UInt = Self.minimumAlignment,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    let pageCountBefore = pageCount
    let pointer = unsafe try allocate(byteCount: byteCount, alignment: alignment, from: &source)
    // What the heap had before was used before: a slot, or a block that was kept.
    let isFresh = pageCount > pageCountBefore
    if !isFresh || !source.givesClearedPages {
      unsafe pointer.initializeMemory(
        as: UInt8.self, repeating: 0, count: Int(bitPattern: byteCount))
    }
    return unsafe pointer
  }

  /// Resizes an allocation, in place if its slot, its pages or those after them allow that.
  ///
  /// Otherwise it moves, with its content up to the smaller size.
  ///
  /// A slot stays while more than half of it is used.  Of whole pages, those that are not needed go
  /// back if the source can take them alone and the new size is too large for a slot; if it cannot,
  /// all stay while more than half of their bytes are used.  A single page stays.
  ///
  /// - Parameters:
  ///   - pointer: Its first byte.
  ///   - byteCount: The new size in bytes; 0 counts as 1.
  ///   - alignment: Its alignment if it moves.
  ///   - source: Where pages come from, and go to.  Those of the old place that it refuses after
  ///     the content has been moved are counted in ``HeapStatistics/refusedPageCount``.
  /// - Returns: The first byte now.
  /// - Throws: ``KernelHeapError/notAllocated(address:_:)``,
  ///   ``KernelHeapError/outOfMemory(byteCount:)``, ``KernelHeapError/alignmentNotPowerOfTwo(_:)``;
  ///   then the allocation is unchanged.
  /// - Complexity: O(1) in place within a slot; O(size) otherwise.
  @inline(__always)
  public mutating func resize(
    _ pointer: UnsafeMutableRawPointer, toByteCount byteCount: UInt,
    alignment: UInt = Self.minimumAlignment, from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    guard UInt64(alignment).isPowerOfTwo else { throw .alignmentNotPowerOfTwo(alignment) }
    if unsafe stays(pointer, byteCount: byteCount) { return unsafe pointer }
    return unsafe try resizeSlowly(
      pointer, toByteCount: byteCount, alignment: alignment, from: &source)
  }

  /// Whether this is an allocated slot of which the size needs more than half and no more than all,
  /// or a block of which it needs all pages and no more.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package mutating func stays(
    _ pointer: UnsafeMutableRawPointer, byteCount: UInt
  ) -> Bool {
    let physical = UInt64(UInt(bitPattern: pointer) &- index.directMapOffset)
    guard let page = unsafe index.find(physical >> PageFrame.byteCountShift) else { return false }
    let size = UInt(unsafe page.pointee.slotByteCount)
    let offset = UInt(truncatingIfNeeded: physical & (PageFrame.byteCount &- 1))
    if size == 0 {
      // A block, or an entry that is not in use, which is no block.
      let count = PageFrame.pageCount(holdingByteCount: UInt64(byteCount))
      return unsafe offset == 0 && count == page.pointee.pageCount
        && page.pointee.freeCount == 0 && page.pointee.isBlock
    }
    let slot = unsafe page.slot(at: offset)
    return unsafe byteCount <= size && byteCount > size / 2 && page.offset(of: slot) == offset
      && page.isTaken(slot)
  }

  /// Resizes an allocation on the slow path, which serves every request.
  ///
  /// - Parameter alignment: A power of two.
  @inline(never)
  package mutating func resizeSlowly(
    _ pointer: UnsafeMutableRawPointer, toByteCount byteCount: UInt, alignment: UInt,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    let page = unsafe try find(pointer)
    let oldByteCount = unsafe self.byteCount(of: page)
    let newByteCount = max(byteCount, 1)
    if unsafe page.pointee.isBlock && resize(page, toByteCount: newByteCount, in: &source) {
      return unsafe pointer
    }
    if newByteCount <= oldByteCount, newByteCount > oldByteCount / 2 { return unsafe pointer }
    let new = unsafe try allocate(byteCount: byteCount, alignment: alignment, from: &source)
    unsafe new.copyMemory(
      from: pointer, byteCount: Int(bitPattern: min(oldByteCount, newByteCount)))
    // It was found, so only its pages can be refused: they are counted, and the content has moved.
    unsafe try? free(pointer, to: &source)
    return unsafe new
  }

  /// Resizes a block in place to as many pages as a size needs.
  ///
  /// - Returns: Whether it could.
  private mutating func resize(
    _ page: HeapPage.Pointer, toByteCount byteCount: UInt,
    in source: inout some HeapPageSource & ~Copyable
  ) -> Bool {
    let pages = unsafe pages(of: page)
    let count = PageFrame.pageCount(holdingByteCount: UInt64(byteCount))
    if count == pages.pageCount { return true }
    guard byteCount > SizeClass.maximumByteCount, let newCount = UInt32(exactly: count),
      source.resizeHeapPages(pages, toPageCount: count, below: limit)
    else { return false }
    unsafe page.pointee = unsafe HeapPage(at: page.pointee.address, pageCount: newCount)
    pageCount = pageCount &- pages.pageCount &+ count
    return true
  }
}
