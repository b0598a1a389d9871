// SPDX-License-Identifier: MIT
import BootMemory
import KernelHeap
import PageAllocator
import PhysicalMemory
import TraceReplay

/// A heap with what serves it; physical memory is an arena that may stand for any addresses.
@safe package struct HeapMachine: ~Copyable {
  package var heap: KernelHeap
  package let memory: UnsafeMutablePointer<BootMemory>
  package private(set) var pages: UnsafeMutablePointer<PageAllocator>?

  /// The pages that there are.
  package let span: PageRange

  /// What is added to a physical address for a pointer to it.
  package let directMapOffset: UInt

  private let givesClearedPages: Bool
  private let arena: Arena
  private let bitmap: Arena
  private let nodes: NodeStorage
  private let pageNodes: UnsafeMutableBufferPointer<PageNode>

  /// - Parameters:
  ///   - pageCount: How many pages there are.
  ///   - first: The number of the first.
  ///   - limit: What all memory of the heap must lie below.
  ///   - givesClearedPages: Whether the pages are cleared when the heap takes them.
  package init(
    pageCount: Int, from first: UInt64 = 0x100, below limit: PageFrame = .end,
    givesClearedPages: Bool = false
  ) {
    self.givesClearedPages = givesClearedPages
    let byteCount = Int(PageFrame.byteCount)
    span = PageRange(start: PageFrame(first), pageCount: UInt64(pageCount))!
    arena = Arena(byteCount: (pageCount + 1) * byteCount)!
    // Pages of the arena lie where pages of the machine do.
    let start = unsafe (UInt(bitPattern: arena.start) + UInt(byteCount) - 1) & ~UInt(byteCount - 1)
    let offset = start &- UInt(span.start.firstAddress!.rawValue)
    var platform = BootMemoryPlatform()
    platform.directMapOffset = offset
    directMapOffset = offset
    nodes = NodeStorage(count: 1)
    bitmap = Arena(byteCount: Int(BootMemory.bitmapByteCount(forPageCount: UInt64(pageCount))))!
    unsafe pageNodes = .allocate(capacity: 1)
    unsafe memory = .allocate(capacity: 1)
    unsafe memory.initialize(to: BootMemory(platform: platform, nodes: nodes.nodes))
    unsafe try! memory.pointee.registerNode(
      NodeID(0), spanning: span,
      bitmap: UnsafeMutableRawBufferPointer(start: bitmap.start, count: bitmap.byteCount))
    unsafe try! memory.pointee.free(span)
    unsafe pages = nil
    heap = KernelHeap(directMapOffset: offset, below: limit)
  }

  deinit {
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
    unsafe pages?.deinitialize(count: 1)
    unsafe pages?.deallocate()
    unsafe pageNodes.deallocate()
  }

  /// From boot memory to the page allocator.
  package mutating func handOver() throws(PageAllocatorError) {
    let taken = unsafe try PageAllocator(takingOver: &memory.pointee, nodes: pageNodes)
    let pages = UnsafeMutablePointer<PageAllocator>.allocate(capacity: 1)
    unsafe pages.initialize(to: taken)
    unsafe self.pages = unsafe pages
  }

  /// Who serves now.
  package var source: MachinePages {
    unsafe MachinePages(memory: memory, pages: pages, givesClearedPages: givesClearedPages)
  }

  /// Allocates; memory is named by its address here, as that can be compared.
  package mutating func allocate(
    _ byteCount: Int, alignment: Int = 16
  ) throws(KernelHeapError) -> UInt {
    var source = source
    return unsafe UInt(
      bitPattern: try heap.allocate(
        byteCount: UInt(bitPattern: byteCount), alignment: UInt(bitPattern: alignment),
        from: &source))
  }

  package mutating func free(_ address: UInt) throws(KernelHeapError) {
    var source = source
    unsafe try heap.free(UnsafeMutableRawPointer(bitPattern: address)!, to: &source)
  }

  package mutating func allocateZeroed(_ byteCount: Int) throws(KernelHeapError) -> UInt {
    var source = source
    return unsafe UInt(
      bitPattern: try heap.allocateZeroed(byteCount: UInt(bitPattern: byteCount), from: &source))
  }

  package mutating func resize(
    _ address: UInt, to byteCount: Int, alignment: Int = 16
  ) throws(KernelHeapError) -> UInt {
    var source = source
    return unsafe UInt(
      bitPattern: try heap.resize(
        UnsafeMutableRawPointer(bitPattern: address)!, toByteCount: UInt(bitPattern: byteCount),
        alignment: UInt(bitPattern: alignment), from: &source))
  }

  package mutating func byteCount(of address: UInt) throws(KernelHeapError) -> Int {
    Int(unsafe try heap.byteCount(of: UnsafeMutableRawPointer(bitPattern: address)!))
  }

  /// Gives back what the heap keeps for later.
  @discardableResult
  package mutating func trim() -> UInt64 {
    var source = source
    return heap.trim(to: &source)
  }

  // The errors of calls that must throw: a macro cannot take a closure that changes this.

  package mutating func error(allocating byteCount: Int, alignment: Int = 16) -> KernelHeapError? {
    do throws(KernelHeapError) {
      _ = try allocate(byteCount, alignment: alignment)
    } catch {
      return error
    }
    return nil
  }

  package mutating func error(
    resizing address: UInt, to byteCount: Int, alignment: Int = 16
  ) -> KernelHeapError? {
    do throws(KernelHeapError) {
      _ = try resize(address, to: byteCount, alignment: alignment)
    } catch {
      return error
    }
    return nil
  }

  package mutating func error(freeing address: UInt) -> KernelHeapError? {
    do throws(KernelHeapError) { try free(address) } catch { return error }
    return nil
  }

  /// The address of the first page's first byte, as pointers have it.
  package var firstByte: UInt {
    unsafe UInt(bitPattern: memory.pointee.pointer(to: span.start.firstAddress!))
  }

  /// The physical address of what a pointer has this address for.
  package func physicalAddress(_ address: UInt) -> UInt {
    address &- firstByte &+ UInt(span.start.firstAddress!.rawValue)
  }

  /// How many pages are free, for whoever serves.
  package var freePageCount: UInt64 {
    if let pages = unsafe pages {
      return unsafe try! pages.pointee.statistics(of: NodeID(0)).freePageCount
    }
    return unsafe memory.pointee.freePageCount()
  }

  /// The free pages, and those that the heap has.
  package var freeOrHeldPageCount: UInt64 {
    freePageCount + heap.statistics.pageCount + heap.statistics.indexPageCount
  }
}

/// Boot memory until the hand-over, the page allocator from then on.
@safe package struct MachinePages: HeapPageSource {
  let memory: UnsafeMutablePointer<BootMemory>
  let pages: UnsafeMutablePointer<PageAllocator>?
  package let givesClearedPages: Bool

  init(
    memory: UnsafeMutablePointer<BootMemory>, pages: UnsafeMutablePointer<PageAllocator>?,
    givesClearedPages: Bool = false
  ) {
    unsafe self.memory = unsafe memory
    unsafe self.pages = unsafe pages
    self.givesClearedPages = givesClearedPages
  }

  package mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    let range = takePages(pageCount, alignedTo: alignment, below: limit)
    if givesClearedPages, let range, let address = range.start.firstAddress {
      let start = unsafe UInt(bitPattern: memory.pointee.pointer(to: address))
      fill(start, Int(range.pageCount * PageFrame.byteCount), with: 0)
    }
    return range
  }

  private mutating func takePages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    if let pages = unsafe pages {
      return unsafe pages.pointee.allocateHeapPages(pageCount, alignedTo: alignment, below: limit)
    }
    return unsafe memory.pointee.allocateHeapPages(pageCount, alignedTo: alignment, below: limit)
  }

  package mutating func freeHeapPages(_ range: PageRange) -> Bool {
    unsafe pages?.pointee.freeHeapPages(range) ?? memory.pointee.freeHeapPages(range)
  }

  package mutating func resizeHeapPages(
    _ range: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool {
    if let pages = unsafe pages {
      return unsafe pages.pointee.resizeHeapPages(range, toPageCount: pageCount, below: limit)
    }
    return unsafe memory.pointee.resizeHeapPages(range, toPageCount: pageCount, below: limit)
  }
}

/// The pages of a machine, of a source that cannot resize and may refuse to take them back.
package struct RefusingPages: HeapPageSource {
  var pages: MachinePages
  package var refuses = true

  package init(of pages: MachinePages) { self.pages = pages }

  package mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? { pages.allocateHeapPages(pageCount, alignedTo: alignment, below: limit) }

  package mutating func freeHeapPages(_ range: PageRange) -> Bool {
    refuses ? false : pages.freeHeapPages(range)
  }
}

/// Fills memory.
package func fill(_ address: UInt, _ byteCount: Int, with byte: UInt8) {
  unsafe UnsafeMutableRawPointer(bitPattern: address)!
    .initializeMemory(as: UInt8.self, repeating: byte, count: byteCount)
}

/// Whether memory is as it was filled.
package func holds(_ address: UInt, _ byteCount: Int, _ byte: UInt8) -> Bool {
  let start = unsafe UnsafeRawPointer(bitPattern: address)
  return unsafe UnsafeRawBufferPointer(start: start, count: byteCount).allSatisfy { $0 == byte }
}

extension PageFrame {
  package static var byteCountAsUInt: UInt { UInt(byteCount) }
}

extension HeapStatistics {
  /// What a heap that holds this and has nothing allocated holds when its source has refused all pages.
  package var whenAllIsRefused: HeapStatistics {
    HeapStatistics(
      allocationCount: 0, pageCount: 0, indexPageCount: 0,
      refusedPageCount: pageCount + indexPageCount)
  }
}
