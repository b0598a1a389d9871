// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// A heap that finds writes beyond the end of an allocation, writes to freed memory, and double
/// frees: it replaces ``KernelHeap`` while a kernel is being debugged.
///
/// It has the same calls.  Each finding is written once, as a line with the size, the address and
/// the name of the allocation: see <doc:Debugging>.  A kernel that does not use it contains none of
/// it.
///
/// - All bytes after an allocation in its slot, or in its whole pages, are its red zone, at least
///   16 bytes.  It is checked when the allocation is freed or resized, and by ``check()``.
/// - Freed memory is filled, and checked when it is given out again or goes back to the source, and
///   by ``check()``.
/// - The last 16 freed allocations stay where they are, so that a double free is noticed even if
///   their size is in demand.
///
/// Each page of slots, and each block of pages, has one more page, which holds the sizes.
@safe public struct DebugHeap: ~Copyable {
  /// Returns the name of an allocation; nil if it has none.
  ///
  /// It takes a context and the physical address.  The text ends with a zero and must stay.
  public typealias Name = @convention(c) (UnsafeMutableRawPointer?, UInt) -> UnsafePointer<CChar>?

  private var heap: KernelHeap
  private var notes: HeapNotes

  /// The addresses of the last freed allocations, 0 for none, and the place of the next one, which
  /// replaces the oldest.
  private var freed = InlineArray<16, UInt>(repeating: 0)
  private var nextFreed = 0

  /// Makes an empty heap, which has no memory.
  ///
  /// - Parameters:
  ///   - directMapOffset: As for ``KernelHeap/init(directMapOffset:below:)``.
  ///   - limit: As for ``KernelHeap/init(directMapOffset:below:)``.
  ///   - context: Handed to the callbacks.
  ///   - write: Takes a line for each finding, including the line feed; nil to count only.
  ///   - name: Returns the names of allocations, for example from a ledger; nil for none.
  public init(
    directMapOffset: UInt = 0, below limit: PageFrame = .end,
    context: UnsafeMutableRawPointer? = nil, write: BootMemoryPlatform.Write?, name: Name? = nil
  ) {
    heap = KernelHeap(directMapOffset: directMapOffset, below: limit)
    notes = unsafe HeapNotes(
      directMapOffset: directMapOffset, below: limit, context: context, write: write, name: name)
  }

  /// What the heap holds; the pages of the index include those with the sizes.
  public var statistics: HeapStatistics {
    var held = heap.statistics
    for address in freed.span.indices where freed[address] != 0 { held.allocationCount &-= 1 }
    held.indexPageCount &+= notes.pageCount
    held.refusedPageCount &+= notes.refusedPageCount
    return held
  }

  /// The number of findings so far.
  public var violationCount: Int { notes.violationCount }

  /// Allocates memory, filled with bytes 0x6b.
  ///
  /// - Throws: As ``KernelHeap/allocate(byteCount:alignment:from:)``.
  /// - Complexity: O(size).
  public mutating func allocate(
    byteCount: UInt, alignment: UInt = KernelHeap.minimumAlignment,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    guard UInt64(alignment).isPowerOfTwo else { throw .alignmentNotPowerOfTwo(alignment) }
    let size = max(byteCount, 1)
    let (slotSize, overflow) = size.addingReportingOverflow(
      UInt(MemoryPattern.redZoneByteCount))
    guard !overflow else { throw .outOfMemory(byteCount: byteCount) }
    var pointer: UnsafeMutableRawPointer?
    repeat {
      unsafe pointer = take(slotSize, alignment, from: &source)
    } while unsafe pointer == nil && releaseFreed(to: &source)
    guard let pointer = unsafe pointer else { throw .outOfMemory(byteCount: byteCount) }
    let capacity = unsafe try heap.byteCount(of: pointer)
    notes.checkFreed(UInt(bitPattern: pointer), capacity)
    notes.begin(UInt(bitPattern: pointer), size, capacity: capacity)
    return unsafe pointer
  }

  /// Allocates memory that is all zeros.
  ///
  /// - Throws: As ``KernelHeap/allocateZeroed(byteCount:alignment:from:)``.
  /// - Complexity: O(size).
  public mutating func allocateZeroed(
    byteCount: UInt, alignment: UInt = KernelHeap.minimumAlignment,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    let pointer = unsafe try allocate(byteCount: byteCount, alignment: alignment, from: &source)
    unsafe MemoryPattern(byte: 0).fill(pointer, byteCount: byteCount)
    return unsafe pointer
  }

  /// Frees an allocation.
  ///
  /// - Throws: ``KernelHeapError/notAllocated(address:_:)`` as ``KernelHeap/free(_:to:)`` does.
  ///   Pages that the source refuses later are reported instead.
  /// - Complexity: O(size).
  public mutating func free(
    _ pointer: UnsafeMutableRawPointer, to source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) {
    _ = unsafe try find(pointer)
    let address = UInt(bitPattern: pointer)
    notes.checkRedZone(address)
    notes.end(address)
    let oldest = freed[nextFreed]
    freed[nextFreed] = address
    nextFreed = (nextFreed &+ 1) % freed.count
    if oldest != 0 { release(oldest, to: &source) }
  }

  /// Resizes an allocation, in place if its slot or its pages allow that.
  ///
  /// Otherwise it moves, with its content up to the smaller size.
  ///
  /// - Throws: As ``KernelHeap/resize(_:toByteCount:alignment:from:)``.
  /// - Complexity: O(size).
  public mutating func resize(
    _ pointer: UnsafeMutableRawPointer, toByteCount byteCount: UInt,
    alignment: UInt = KernelHeap.minimumAlignment,
    from source: inout some HeapPageSource & ~Copyable
  ) throws(KernelHeapError) -> UnsafeMutableRawPointer {
    guard UInt64(alignment).isPowerOfTwo else { throw .alignmentNotPowerOfTwo(alignment) }
    let capacity = unsafe try find(pointer)
    let address = UInt(bitPattern: pointer)
    let old = notes.byteCount(at: address)
    let size = max(byteCount, 1)
    // The capacity exceeds every size that it was given for by at least a red zone.
    let most = capacity &- UInt(MemoryPattern.redZoneByteCount)
    if size <= most, size > most / 2 {
      notes.checkRedZone(address)
      notes.begin(address, size, capacity: capacity)
      return unsafe pointer
    }
    let new = unsafe try allocate(byteCount: byteCount, alignment: alignment, from: &source)
    unsafe new.copyMemory(from: pointer, byteCount: Int(bitPattern: min(old, size)))
    unsafe try free(pointer, to: &source)
    return unsafe new
  }

  /// How many bytes an allocation has: exactly as many as were asked for.
  ///
  /// - Throws: As ``KernelHeap/byteCount(of:)``.
  /// - Complexity: O(1).
  public mutating func byteCount(
    of pointer: UnsafeMutableRawPointer
  ) throws(KernelHeapError) -> UInt {
    _ = unsafe try find(pointer)
    return notes.byteCount(at: UInt(bitPattern: pointer))
  }

  /// Gives back freed memory, and the pages that are kept for later.
  ///
  /// - Returns: How many pages the source got, as ``KernelHeap/trim(to:)``.
  /// - Complexity: O(classes), and O(bytes) for what goes back.
  @discardableResult
  public mutating func trim(to source: inout some HeapPageSource & ~Copyable) -> UInt64 {
    let before = statistics.takenPageCount
    _ = releaseFreed(to: &source)
    unsafe withUnsafeMutablePointer(to: &source) { source in
      unsafe withUnsafeMutablePointer(to: &notes) { notes in
        var pages = unsafe NotedPages(source: source, notes: notes)
        heap.trim(to: &pages)
      }
    }
    notes.trim(to: &source)
    return before &- statistics.takenPageCount
  }

  /// Checks every red zone and all freed memory, and reports what is not as it was left.
  ///
  /// - Returns: The number of findings.
  /// - Complexity: O(bytes) of all pages of the heap.
  @discardableResult
  public mutating func check() -> Int {
    let before = notes.violationCount
    unsafe heap.index.forEachEntry { page in
      let address = unsafe page.pointee.address
      let isBlock = unsafe page.pointee.isBlock
      let capacity =
        unsafe isBlock
        ? UInt(page.pointee.pageCount) &<< UInt(PageFrame.byteCountShift)
        : UInt(page.pointee.slotByteCount)
      let count = unsafe isBlock ? 1 : page.pointee.sizeClass.slotCount
      for slot in 0..<count { notes.check(address &+ slot &* capacity, capacity) }
    }
    return notes.violationCount - before
  }

  /// Takes memory from the heap and makes sure that there is room to note it; nil if either fails.
  @inline(__always)
  private mutating func take(
    _ byteCount: UInt, _ alignment: UInt, from source: inout some HeapPageSource & ~Copyable
  ) -> UnsafeMutableRawPointer? {
    unsafe withUnsafeMutablePointer(to: &source) { source in
      unsafe withUnsafeMutablePointer(to: &notes) { notes in
        var pages = unsafe NotedPages(source: source, notes: notes)
        guard
          let pointer = unsafe try? heap.allocate(
            byteCount: byteCount, alignment: alignment, from: &pages),
          let page = unsafe try? heap.find(pointer)
        else { return nil }
        if unsafe notes.pointee.prepare(
          page.pointee.address, UInt64(page.pointee.pageCount), from: &source.pointee)
        {
          return unsafe pointer
        }
        // Cannot fail: it has just been allocated.
        unsafe try? heap.free(pointer, to: &pages)
        return nil
      }
    }
  }

  /// The capacity of the allocation at a pointer; a freed one is reported, also for a pointer into
  /// it.
  private mutating func find(
    _ pointer: UnsafeMutableRawPointer
  ) throws(KernelHeapError) -> UInt {
    let address = UInt(bitPattern: pointer)
    if notes.reportIfFreed(address) { throw .notAllocated(address: address, .noAllocation) }
    do throws(KernelHeapError) { return unsafe try heap.byteCount(of: pointer) } catch {
      if case .notAllocated(_, .insideAllocation(let start)) = error, notes.reportIfFreed(start) {
        throw .notAllocated(address: address, .noAllocation)
      }
      throw error
    }
  }

  /// Returns the freed allocations to the heap.
  ///
  /// - Returns: Whether there were any.
  @inline(never)
  private mutating func releaseFreed(to source: inout some HeapPageSource & ~Copyable) -> Bool {
    var hasReleased = false
    for place in freed.span.indices where freed[place] != 0 {
      let address = freed[place]
      freed[place] = 0
      hasReleased = true
      release(address, to: &source)
    }
    return hasReleased
  }

  @inline(never)
  private mutating func release(
    _ address: UInt, to source: inout some HeapPageSource & ~Copyable
  ) {
    // Cannot fail: the heap has it as an allocation still.
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address),
      let capacity = unsafe try? heap.byteCount(of: pointer)
    else { return }
    notes.checkFreed(address, capacity)
    let error: KernelHeapError? = unsafe withUnsafeMutablePointer(to: &source) { source in
      unsafe withUnsafeMutablePointer(to: &notes) { notes in
        var pages = unsafe NotedPages(source: source, notes: notes)
        do throws(KernelHeapError) { unsafe try heap.free(pointer, to: &pages) } catch {
          return error
        }
        return nil
      }
    }
    if let error { notes.report(error) }
  }
}

/// The pages of a debug heap's source; the notes on a page go when the page does.
@safe private struct NotedPages<Source: HeapPageSource & ~Copyable>: HeapPageSource {
  let source: UnsafeMutablePointer<Source>
  let notes: UnsafeMutablePointer<HeapNotes>

  init(source: UnsafeMutablePointer<Source>, notes: UnsafeMutablePointer<HeapNotes>) {
    unsafe self.source = unsafe source
    unsafe self.notes = unsafe notes
  }

  mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    unsafe source.pointee.allocateHeapPages(pageCount, alignedTo: alignment, below: limit)
  }

  mutating func freeHeapPages(_ pages: PageRange) -> Bool {
    unsafe notes.pointee.remove(pages, to: &source.pointee)
    return unsafe source.pointee.freeHeapPages(pages)
  }
}
