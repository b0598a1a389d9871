// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Memory for objects of any size, from boot memory and later from the page allocator.
///
/// Small ones lie in pages of slots of one size each, larger ones in whole pages.  Nothing of what the
/// heap knows lies beside an allocation: see <doc:Pages>.  A page goes back to its source as soon as
/// nothing in it is allocated.
///
/// Nothing here is global.  Calls must not overlap in time: a kernel makes them under one lock.
@safe public struct KernelHeap: ~Copyable {
  /// The alignment that every allocation has, in bytes.
  public static var minimumAlignment: UInt { SizeClass.minimumByteCount }

  /// The page frame that all memory must lie below.
  private let limit: PageFrame

  private var index: HeapIndex

  /// For each class, the first page that has a free slot.
  private var lists: InlineArray<24, HeapPage.Pointer?>

  private var allocationCount: UInt64 = 0
  private var pageCount: UInt64 = 0

  /// Makes an empty heap, which has no memory.
  ///
  /// - Parameters:
  ///   - directMapOffset: A pointer to a physical address is that address plus this, wrapping around;
  ///     a multiple of the size of a page.
  ///   - limit: The page frame that all memory must lie below: the end of what is mapped.
  public init(directMapOffset: UInt = 0, below limit: PageFrame = .end) {
    self.limit = limit
    unsafe lists = InlineArray(repeating: nil)
    index = HeapIndex(directMapOffset: directMapOffset)
  }

  /// What the heap holds.
  public var statistics: HeapStatistics {
    HeapStatistics(
      allocationCount: allocationCount, pageCount: pageCount, indexPageCount: index.pageCount)
  }

  /// Allocates memory, which is not cleared.
  ///
  /// - Parameters:
  ///   - byteCount: The size in bytes; 0 counts as 1.
  ///   - alignment: A power of two, in bytes.
  ///   - source: Where pages come from.
  /// - Returns: The first byte.
  /// - Throws: ``KernelHeapError/outOfMemory(byteCount:)``, also for more than the source gives at a
  ///   time; ``KernelHeapError/alignmentNotPowerOfTwo(_:)``.
  /// - Complexity: O(1), beside what the source takes for a page.
  public mutating func allocate(
    byteCount: UInt, alignment: UInt = Self.minimumAlignment,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    guard UInt64(alignment).isPowerOfTwo else { throw .alignmentNotPowerOfTwo(alignment) }
    let pointer: UnsafeMutableRawPointer?
    if let rounded = UInt64(max(byteCount, 1)).roundedUp(toMultipleOf: UInt64(alignment)),
      let size = UInt(exactly: rounded)
    {
      if let sizeClass = SizeClass(holding: size) {
        unsafe pointer = allocateSlot(of: sizeClass, from: &source)
      } else {
        unsafe pointer = allocateBlock(byteCount: byteCount, alignment: alignment, from: &source)
      }
    } else {
      unsafe pointer = nil
    }
    guard let pointer = unsafe pointer else { throw .outOfMemory(byteCount: byteCount) }
    allocationCount += 1
    return unsafe pointer
  }

  /// Frees an allocation.
  ///
  /// - Parameters:
  ///   - pointer: Its first byte.
  ///   - source: Where its pages go if nothing else is in them.
  /// - Throws: ``KernelHeapError/notAllocated(address:_:)`` for every other pointer; it need not lead to
  ///   memory.  ``KernelHeapError/pagesRefused(_:)``.
  /// - Complexity: O(1), beside what the source takes for a page.
  public mutating func free(
    _ pointer: UnsafeMutableRawPointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    let address = UInt(bitPattern: pointer)
    let physical = UInt64(address &- index.directMapOffset)
    guard let page = unsafe index.find(physical >> PageFrame.byteCountShift) else {
      throw .notAllocated(address: address, .otherPage)
    }
    let offset = UInt(truncatingIfNeeded: physical & (PageFrame.byteCount - 1))
    let slotByteCount = unsafe UInt(page.pointee.slotByteCount)
    guard slotByteCount > 0 else {
      guard offset == 0 else {
        // In the page, so not below address 0.
        throw .notAllocated(
          address: address, .insideAllocation(address: address &- offset))
      }
      allocationCount -= 1
      return unsafe try giveBack(page, to: &source)
    }
    let slot = offset / slotByteCount
    let distance = offset % slotByteCount
    // What is left of a page behind its slots is a slot that is never allocated: its bit is there, as
    // there is one for each 16 bytes.
    guard unsafe page.isTaken(slot) else {
      throw .notAllocated(address: address, .noAllocation)
    }
    guard distance == 0 else {
      throw .notAllocated(address: address, .insideAllocation(address: address &- distance))
    }
    allocationCount -= 1
    unsafe try freeSlot(slot, of: page, to: &source)
  }
}

/// Small allocations.
extension KernelHeap {
  private mutating func allocateSlot(
    of sizeClass: SizeClass, from source: inout some HeapPageSource & ~Copyable
  ) -> UnsafeMutableRawPointer? {
    var list = unsafe lists[sizeClass.index]
    if unsafe list == nil {
      unsafe list = addPages(1, alignedTo: 1, from: &source)
      guard let page = unsafe list else { return nil }
      // At most 32 KiB.
      unsafe page.pointee.slotByteCount = UInt16(truncatingIfNeeded: sizeClass.byteCount)
      unsafe link(page, to: sizeClass.index)
    }
    guard let page = unsafe list else { return nil }
    let slot = unsafe page.takeSlot(of: sizeClass.slotCount)
    if unsafe UInt(page.pointee.usedCount) == sizeClass.slotCount {
      unsafe unlink(page, from: sizeClass.index)
    }
    // The slot lies in the page.
    return unsafe firstByte(of: page)?.advanced(by: Int(bitPattern: slot &* sizeClass.byteCount))
  }

  private mutating func freeSlot(
    _ slot: UInt, of page: HeapPage.Pointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    // The size of a slot has a class, its own.
    guard let sizeClass = unsafe SizeClass(holding: UInt(page.pointee.slotByteCount)) else {
      return
    }
    let wasFull = unsafe UInt(page.pointee.usedCount) == sizeClass.slotCount
    unsafe page.releaseSlot(slot)
    if unsafe page.pointee.usedCount == 0 {
      if !wasFull { unsafe unlink(page, from: sizeClass.index) }
      unsafe try giveBack(page, to: &source)
    } else if wasFull {
      unsafe link(page, to: sizeClass.index)
    }
  }

  /// Puts a page with a free slot in front of those of its class.
  private mutating func link(_ page: HeapPage.Pointer, to list: Int) {
    let next = unsafe lists[list]
    unsafe page.pointee.next = next
    unsafe page.pointee.previous = nil
    unsafe next?.pointee.previous = page
    unsafe lists[list] = page
  }

  private mutating func unlink(_ page: HeapPage.Pointer, from list: Int) {
    let next = unsafe page.pointee.next
    let previous = unsafe page.pointee.previous
    unsafe next?.pointee.previous = previous
    if let previous = unsafe previous {
      unsafe previous.pointee.next = next
    } else {
      unsafe lists[list] = next
    }
    unsafe page.pointee.next = nil
    unsafe page.pointee.previous = nil
  }
}

/// Whole pages.
extension KernelHeap {
  private mutating func allocateBlock(
    byteCount: UInt, alignment: UInt, from source: inout some HeapPageSource & ~Copyable
  ) -> UnsafeMutableRawPointer? {
    let alignment = max(UInt64(alignment) >> PageFrame.byteCountShift, 1)
    let count = PageFrame.pageCount(holdingByteCount: UInt64(max(byteCount, 1)))
    guard let page = unsafe addPages(count, alignedTo: alignment, from: &source) else { return nil }
    unsafe page.pointee.usedCount = 1
    return unsafe firstByte(of: page)
  }

  /// Takes pages from the source, and enters them in the index; nil where there is no room for either,
  /// and then nothing has changed.
  private mutating func addPages(
    _ count: UInt64, alignedTo alignment: UInt64, from source: inout some HeapPageSource & ~Copyable
  ) -> HeapPage.Pointer? {
    guard
      let pages = source.takeHeapPages(
        count, alignedTo: alignment, below: limit, directMapOffset: index.directMapOffset)
    else { return nil }
    guard let pageCount = UInt32(exactly: pages.pageCount),
      let page = unsafe index.insert(pages.start.number, below: limit, from: &source)
    else {
      // They have just been taken.
      _ = source.freeHeapPages(pages)
      return nil
    }
    unsafe page.pointee.pageCount = pageCount
    self.pageCount += pages.pageCount
    return unsafe page
  }

  /// Gives pages back in which nothing is allocated.
  private mutating func giveBack(
    _ page: HeapPage.Pointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    let pages = unsafe page.pointee.pages
    pageCount -= pages.pageCount
    let refused = unsafe index.remove(page, to: &source)
    guard source.freeHeapPages(pages) else { throw .pagesRefused(pages) }
    if let refused { throw .pagesRefused(refused) }
  }

  private func firstByte(of page: HeapPage.Pointer) -> UnsafeMutableRawPointer? {
    unsafe PageFrame(page.pointee.number).pointer(directMapOffset: index.directMapOffset)
  }
}
