// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Memory for objects of any size, from boot memory and later from the page allocator.
///
/// Small objects lie in pages of slots of one size each, larger ones in whole pages.  None of what
/// the heap knows lies next to an allocation: see <doc:Pages>.
///
/// Freed pages go back to their source, except for some that are kept for the next allocation until
/// ``trim(to:)``: one empty page of each class, at most 22 of 4 KiB; blocks of up to 16 pages, 16
/// pages in all or an eighth of all pages of the heap, whichever is more; and an empty leaf of the
/// index.  If the heap becomes so small that the kept blocks are more than that, each free that
/// gives back a page also gives back two of them, until they are not.
///
/// Nothing here is global.  Calls must not overlap in time: a kernel makes them under one lock.
@safe public struct KernelHeap: ~Copyable {
  /// The alignment that every allocation has, in bytes.
  public static var minimumAlignment: UInt { SizeClass.minimumByteCount }

  /// The page frame that all memory must lie below.
  private(set) var limit: PageFrame

  var index: HeapIndex

  /// For each class, the first page that has a free slot.
  private var lists: InlineArray<38, HeapPage.Pointer?>

  /// For each class, the page that became empty last; if it is still empty, it is in the list, and
  /// the only empty page of its class.
  private var spares: InlineArray<38, HeapPage.Pointer?>

  /// For each number of pages from 1 to 16, the first block that is kept.
  private var blocks: InlineArray<16, HeapPage.Pointer?>

  /// How many pages the kept blocks have.
  private var blockPageCount: UInt64 = 0

  private var allocationCount: UInt64 = 0
  var pageCount: UInt64 = 0

  /// The number of refused pages, except for those of the index.
  private var refusedPageCount: UInt64 = 0

  /// Makes an empty heap, which has no memory.
  ///
  /// - Parameters:
  ///   - directMapOffset: A pointer to a physical address is that address plus this, wrapping
  ///     around; a multiple of the size of a page.
  ///   - limit: The page frame that all memory must lie below: the end of what is mapped.
  public init(directMapOffset: UInt = 0, below limit: PageFrame = .end) {
    self.limit = limit
    unsafe lists = InlineArray(repeating: nil)
    unsafe spares = InlineArray(repeating: nil)
    unsafe blocks = InlineArray(repeating: nil)
    index = HeapIndex(directMapOffset: directMapOffset)
    unsafe precondition(SizeClass.count <= lists.count)
  }

  /// Makes memory that is all zeros an empty heap, with less work than
  /// ``init(directMapOffset:below:)``.
  package mutating func start(directMapOffset: UInt) {
    limit = .end
    index.directMapOffset = directMapOffset
  }

  /// What the heap holds.
  public var statistics: HeapStatistics {
    HeapStatistics(
      allocationCount: allocationCount, pageCount: pageCount, indexPageCount: index.pageCount,
      refusedPageCount: refusedPageCount &+ index.refusedPageCount)
  }

  /// Allocates memory, which is not cleared.
  ///
  /// - Parameters:
  ///   - byteCount: The size in bytes; 0 counts as 1.
  ///   - alignment: A power of two, in bytes.
  ///   - source: Where pages come from.
  /// - Returns: The first byte.
  /// - Throws: ``KernelHeapError/outOfMemory(byteCount:)``, also for more than the source gives at
  ///   a time; ``KernelHeapError/alignmentNotPowerOfTwo(_:)``.
  /// - Complexity: O(1), besides what the source takes for a page and, if it has none,
  ///   ``trim(to:)``.
  @inline(__always)
  public mutating func allocate(
    byteCount: UInt, alignment: UInt = Self.minimumAlignment,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    if alignment == Self.minimumAlignment,
      let pointer = unsafe allocateQuickly(byteCount: byteCount)
    {
      return unsafe pointer
    }
    return unsafe try allocateSlowly(byteCount: byteCount, alignment: alignment, from: &source)
  }

  /// Allocates a slot of a page that has a free one; nil if there is none, or the size has no
  /// class.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package mutating func allocateQuickly(byteCount: UInt) -> UnsafeMutableRawPointer? {
    // 0 wraps around to a size that has no class.
    guard byteCount &- 1 < SizeClass.maximumByteCount else { return nil }
    let sizeClass = SizeClass(holding: byteCount)
    guard let page = unsafe lists[sizeClass.index] else { return nil }
    allocationCount &+= 1
    return unsafe takeSlot(of: page, sizeClass)
  }

  /// Allocates on the slow path, which serves every request.
  @inline(never)
  package mutating func allocateSlowly(
    byteCount: UInt, alignment: UInt, from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    guard UInt64(alignment).isPowerOfTwo else { throw .alignmentNotPowerOfTwo(alignment) }
    var pointer = unsafe allocateAnything(byteCount: byteCount, alignment: alignment, from: &source)
    // What the heap keeps for later may be what is missing now.
    if unsafe pointer == nil, trim(to: &source) > 0 {
      unsafe pointer = allocateAnything(byteCount: byteCount, alignment: alignment, from: &source)
    }
    guard let pointer = unsafe pointer else { throw .outOfMemory(byteCount: byteCount) }
    allocationCount &+= 1
    return unsafe pointer
  }

  private mutating func allocateAnything(
    byteCount: UInt, alignment: UInt, from source: inout some HeapPageSource & ~Copyable
  ) -> UnsafeMutableRawPointer? {
    let byteCount = max(byteCount, 1)
    guard let sizeClass = SizeClass(holding: byteCount, alignedTo: alignment) else {
      return unsafe allocateBlock(byteCount: byteCount, alignment: alignment, from: &source)
    }
    if unsafe lists[sizeClass.index] == nil {
      guard
        let page = unsafe addPages(
          1, alignedTo: 1, from: &source, { unsafe HeapPage(at: $0, of: sizeClass) })
      else { return nil }
      unsafe link(page, to: sizeClass)
    }
    guard let page = unsafe lists[sizeClass.index] else { return nil }
    return unsafe takeSlot(of: page, sizeClass)
  }

  /// Frees an allocation.
  ///
  /// - Parameters:
  ///   - pointer: Its first byte.
  ///   - source: Where its pages go if nothing else is in them.
  /// - Throws: ``KernelHeapError/notAllocated(address:_:)`` for any other pointer, which need not
  ///   lead to memory; ``KernelHeapError/pagesRefused(_:)``.
  /// - Complexity: O(1), besides what the source takes for three blocks of pages, and for the pages
  ///   of the index that go with them; O(pages of the index) for a pointer that is refused.
  @inline(__always)
  public mutating func free(
    _ pointer: UnsafeMutableRawPointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    switch unsafe freeQuickly(pointer) {
    case .done: return
    case .begun: unsafe try finishFree(pointer, to: &source)
    case .refused: unsafe try freeBlock(pointer, to: &source)
    }
  }

  /// Frees a slot.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package mutating func freeQuickly(_ pointer: UnsafeMutableRawPointer) -> SlotFree {
    let physical = UInt64(UInt(bitPattern: pointer) &- index.directMapOffset)
    guard let page = unsafe index.find(physical >> PageFrame.byteCountShift) else {
      return .refused
    }
    let offset = UInt(truncatingIfNeeded: physical & (PageFrame.byteCount &- 1))
    let slot = unsafe page.slot(at: offset)
    // Neither an entry that is not in use nor a block has a slot that is taken.  What is left of a
    // page after its slots is a slot that is never taken: its bit exists, as there is one for each
    // 16 bytes.
    guard unsafe page.offset(of: slot) == offset, unsafe page.isTaken(slot) else {
      return .refused
    }
    allocationCount &-= 1
    let mayBeEmpty = unsafe page.releaseSlot(slot)
    if unsafe page.pointee.freeCount == 1 { unsafe link(page, to: page.pointee.sizeClass) }
    return mayBeEmpty ? .begun : .done
  }

  /// Completes what ``freeQuickly(_:)`` began for this pointer: gives back the page if it is empty
  /// and its class has another empty one.
  @inline(never)
  package mutating func finishFree(
    _ pointer: UnsafeMutableRawPointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    let physical = UInt64(UInt(bitPattern: pointer) &- index.directMapOffset)
    guard let page = unsafe index.find(physical >> PageFrame.byteCountShift),
      unsafe page.isEmpty
    else { return }
    let sizeClass = unsafe page.pointee.sizeClass
    let spare = unsafe spares[sizeClass.index]
    if unsafe spare == page { return }
    guard let spare = unsafe spare, unsafe spare.isEmpty else {
      unsafe spares[sizeClass.index] = page
      return
    }
    unsafe unlink(page, from: sizeClass)
    unsafe try giveBack(page, to: &source)
    trimBlocks(to: &source)
  }

  /// Frees a block, or throws what lies there instead.
  @inline(never)
  package mutating func freeBlock(
    _ pointer: UnsafeMutableRawPointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    let page = unsafe try find(pointer)
    // This is a block: a slot would have been freed before.
    allocationCount &-= 1
    if unsafe keep(page) { return }
    unsafe try giveBack(page, to: &source)
    trimBlocks(to: &source)
  }

  /// The entry of the page, or of the block, that an allocation begins in.
  ///
  /// - Throws: ``KernelHeapError/notAllocated(address:_:)`` for any pointer that is not the first
  ///   byte of an allocation.
  mutating func find(
    _ pointer: UnsafeMutableRawPointer
  ) throws(KernelHeapError) -> HeapPage.Pointer {
    let address = UInt(bitPattern: pointer)
    let physical = UInt64(address &- index.directMapOffset)
    guard let page = unsafe index.find(physical >> PageFrame.byteCountShift),
      unsafe page.pointee.isInUse
    else { throw errorWithoutEntry(at: address) }
    let offset = UInt(truncatingIfNeeded: physical & (PageFrame.byteCount &- 1))
    var distance = offset
    if unsafe page.pointee.isBlock {
      guard unsafe page.pointee.freeCount == 0 else {
        throw .notAllocated(address: address, .noAllocation)
      }
    } else {
      let slot = unsafe page.slot(at: offset)
      guard unsafe page.isTaken(slot) else { throw .notAllocated(address: address, .noAllocation) }
      distance = unsafe offset &- page.offset(of: slot)
    }
    guard distance == 0 else {
      // In the page, so not below address 0.
      throw .notAllocated(address: address, .insideAllocation(address: address &- distance))
    }
    return unsafe page
  }

  /// The error for an address in a page without an entry, which may be a block's: only the first
  /// page of a block has one.
  ///
  /// - Complexity: O(pages of the index).
  @inline(never)
  private mutating func errorWithoutEntry(at address: UInt) -> KernelHeapError {
    var finding = HeapFinding.otherPage
    unsafe index.forEachEntry { page in
      // In front of the page this wraps around, to more bytes than the page has.
      guard unsafe address &- page.pointee.address < byteCount(of: page) else { return }
      unsafe finding =
        page.pointee.freeCount == 0
        ? .insideAllocation(address: page.pointee.address) : .noAllocation
    }
    return .notAllocated(address: address, finding)
  }

  /// Gives back the pages that are kept for later, see ``KernelHeap``: an empty heap has none then.
  ///
  /// - Returns: How many pages the source got; those that it refuses are counted in
  ///   ``HeapStatistics/refusedPageCount``.
  /// - Complexity: O(classes + blocks that go back), besides what the source takes for each.
  @discardableResult
  public mutating func trim(to source: inout some HeapPageSource & ~Copyable) -> UInt64 {
    let before = statistics.takenPageCount
    for place in 0..<SizeClass.count {
      guard let page = unsafe spares[place] else { continue }
      unsafe spares[place] = nil
      guard unsafe page.isEmpty else { continue }
      unsafe unlink(page, from: SizeClass(index: place))
      // What the source refuses is counted.
      unsafe try? giveBack(page, to: &source)
    }
    for place in unsafe blocks.indices {
      while let block = unsafe takeKept(UInt64(place + 1)) {
        unsafe try? giveBack(block, to: &source)
      }
    }
    _ = index.trim(to: &source)
    return before &- statistics.takenPageCount
  }
}

/// The outcome of freeing a slot.
package enum SlotFree {
  /// Nothing has changed: it is not an allocated slot.
  case refused
  case done
  /// It is free, and its page may be empty: ``KernelHeap/finishFree(_:to:)`` comes next.
  case begun
}

/// Pages of slots.
extension KernelHeap {
  /// Takes a free slot of the first page of its class.
  @inline(__always)
  private mutating func takeSlot(
    of page: HeapPage.Pointer, _ sizeClass: SizeClass
  ) -> UnsafeMutableRawPointer? {
    let address = unsafe page.takeSlot()
    if unsafe page.pointee.freeCount == 0 {
      let next = unsafe page.pointee.next
      unsafe lists[sizeClass.index] = next
      unsafe next?.pointee.previous = nil
      unsafe page.pointee.next = nil
    }
    return unsafe UnsafeMutableRawPointer(bitPattern: address)
  }

  /// Puts a page with a free slot at the front of the list of its class.
  @inline(__always)
  private mutating func link(_ page: HeapPage.Pointer, to sizeClass: SizeClass) {
    let next = unsafe lists[sizeClass.index]
    unsafe page.pointee.next = next
    unsafe next?.pointee.previous = page
    unsafe lists[sizeClass.index] = page
  }

  private mutating func unlink(_ page: HeapPage.Pointer, from sizeClass: SizeClass) {
    let next = unsafe page.pointee.next
    let previous = unsafe page.pointee.previous
    unsafe next?.pointee.previous = previous
    if let previous = unsafe previous {
      unsafe previous.pointee.next = next
    } else {
      unsafe lists[sizeClass.index] = next
    }
  }
}

/// Whole pages.
extension KernelHeap {
  private mutating func allocateBlock(
    byteCount: UInt, alignment: UInt, from source: inout some HeapPageSource & ~Copyable
  ) -> UnsafeMutableRawPointer? {
    let alignment = max(UInt64(alignment) >> PageFrame.byteCountShift, 1)
    let count = PageFrame.pageCount(holdingByteCount: UInt64(byteCount))
    if alignment == 1, let block = unsafe takeKept(count) {
      return unsafe UnsafeMutableRawPointer(bitPattern: block.pointee.address)
    }
    // More pages than there are in the address space of any machine.
    guard let pageCount = UInt32(exactly: count) else { return nil }
    let page = unsafe addPages(count, alignedTo: alignment, from: &source) {
      unsafe HeapPage(at: $0, pageCount: pageCount)
    }
    return unsafe page.flatMap { unsafe UnsafeMutableRawPointer(bitPattern: $0.pointee.address) }
  }

  /// Takes a kept block, if there is one of that many pages.
  private mutating func takeKept(_ count: UInt64) -> HeapPage.Pointer? {
    let place = Int(truncatingIfNeeded: count) &- 1
    guard count <= UInt64(unsafe blocks.count), let block = unsafe blocks[place] else { return nil }
    unsafe blocks[place] = block.pointee.next
    unsafe block.pointee.next = nil
    unsafe block.pointee.freeCount = 0
    blockPageCount &-= count
    return unsafe block
  }

  /// How many pages the kept blocks may have.
  private var blockPageLimit: UInt64 { max(UInt64(unsafe blocks.count), pageCount / 8) }

  /// Gives back up to two of the largest kept blocks, while there are more than may be kept.
  ///
  /// It does not give back all that are too many, as that may be any number: the limit falls with
  /// the pages that go back.
  ///
  /// - Complexity: O(1).
  private mutating func trimBlocks(to source: inout some HeapPageSource & ~Copyable) {
    var count = UInt64(unsafe blocks.count)
    var rest = 2
    while rest > 0, blockPageCount > blockPageLimit {
      if let block = unsafe takeKept(count) {
        // What the source refuses is counted.
        unsafe try? giveBack(block, to: &source)
        rest &-= 1
      } else {
        count &-= 1
      }
    }
  }

  /// Keeps a block for the next allocation of its size.
  ///
  /// - Returns: Whether it may be kept.
  private mutating func keep(_ block: HeapPage.Pointer) -> Bool {
    let count = UInt64(unsafe block.pointee.pageCount)
    let most = UInt64(unsafe blocks.count)
    guard count <= most, blockPageCount &+ count <= blockPageLimit else { return false }
    let place = Int(truncatingIfNeeded: count) &- 1
    unsafe block.pointee.next = blocks[place]
    unsafe block.pointee.freeCount = 1
    unsafe blocks[place] = block
    blockPageCount &+= count
    return true
  }

  /// Takes pages from the source, and enters them in the index; nil if there is no room for the
  /// pages or for their entry, and then nothing has changed.
  @inline(__always)
  private mutating func addPages(
    _ count: UInt64, alignedTo alignment: UInt64,
    from source: inout some HeapPageSource & ~Copyable,
    _ entry: (UInt) -> HeapPage
  ) -> HeapPage.Pointer? {
    guard
      let pages = source.takeHeapPages(
        count, alignedTo: alignment, below: limit, directMapOffset: index.directMapOffset)
    else { return nil }
    guard let page = unsafe index.insert(pages.start.number, below: limit, from: &source) else {
      _ = source.takeBack(pages, countingRefused: &refusedPageCount)
      return nil
    }
    unsafe page.pointee = entry(pages.start.address(directMapOffset: index.directMapOffset))
    pageCount &+= count
    return unsafe page
  }

  /// Gives back pages in which nothing is allocated.
  private mutating func giveBack(
    _ page: HeapPage.Pointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    let pages = unsafe pages(of: page)
    pageCount &-= pages.pageCount
    _ = unsafe index.find(pages.start.number)
    let refused = unsafe index.remove(page, to: &source)
    guard source.takeBack(pages, countingRefused: &refusedPageCount) else {
      throw .pagesRefused(pages)
    }
    if let refused { throw .pagesRefused(refused) }
  }

  func pages(of page: HeapPage.Pointer) -> PageRange {
    let physical = unsafe UInt64(page.pointee.address &- index.directMapOffset)
    let start = PageFrame(physical >> PageFrame.byteCountShift)
    // The source gave these pages, so they end in the address space.
    return PageRange(start: start, pageCount: UInt64(unsafe page.pointee.pageCount))
      ?? PageRange(emptyAt: start)
  }
}
