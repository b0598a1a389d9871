// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import BootPlan
import MemoryMap
import PageAllocator
import PhysicalMemory
import TextOutput

/// What `pages` on the command line asks for instead of the hand-over: the pages are kept, and
/// allocated and freed for as long as the kernel runs.
@safe package struct PageDemonstration: ~Copyable {
  /// How many blocks are allocated and freed on each node.
  private static let blockCount = 250_000

  /// How many blocks can be allocated at a time.
  private static let slotCount = 2048

  private var pages: PageAllocator

  /// What is allocated.
  private let slots: UnsafeMutableBufferPointer<Block?>

  private var random = XorShift()

  /// A block as it was allocated.
  private struct Block {
    let first: PageFrame
    let order: Int

    var pageCount: UInt64 { 1 << UInt64(order) }
    var last: PageFrame { PageFrame(first.number + pageCount - 1) }
  }

  /// Takes the pages over, allocates and frees blocks on every node, and releases what was needed
  /// only to get there.
  static func run(
    on memory: inout RecordedMemory, map: MemoryMap, owners: inout OwnerTable,
    console: inout Console
  ) throws(KernelError) {
    // The calls from here on are not Linux's.
    memory.endRecording()
    unsafe SerialPort.writesComments = false
    let slots = unsafe try room(for: Block?.self, count: slotCount, in: &memory)
    let nodes = unsafe try room(for: PageNode.self, count: memory.nodeCapacity, in: &memory)
    let freePageCount = memory.base.freePageCount()
    console.write("pages:\n")
    var demonstration = unsafe try PageDemonstration(
      takingOver: &memory.base, nodes: nodes.pages, slots: slots.pages)
    var treePageCount: UInt64 = 0
    for index in unsafe nodes.pages.indices {
      treePageCount += unsafe nodes.pages[index].treePages.pageCount
    }
    console.write("  kept: ")
    console.write(decimal: try demonstration.freePageCount())
    console.write(" free pages, and ")
    console.write(decimal: treePageCount)
    console.write(" of the allocator's own\n")
    guard try demonstration.freePageCount() + treePageCount == freePageCount else {
      throw .broken("the free pages of before are neither free nor the page allocator's")
    }
    for number in 0..<memory.nodeCapacity {
      try demonstration.exercise(NodeID(number), console: &console)
    }
    unsafe try demonstration.release(slots.range, map, &owners, console: &console)
  }

  private init(
    takingOver memory: inout BootMemory, nodes: UnsafeMutableBufferPointer<PageNode>,
    slots: UnsafeMutableBufferPointer<Block?>
  ) throws(KernelError) {
    unsafe slots.initialize(repeating: nil)
    unsafe self.slots = unsafe slots
    do throws(PageAllocatorError) {
      pages = unsafe try PageAllocator(takingOver: &memory, nodes: nodes)
    } catch {
      throw .pageAllocator(error)
    }
  }

  /// Whole pages of boot memory for `count` elements, not initialised.
  package static func room<Element: ~Copyable>(
    for type: Element.Type, count: Int, in memory: inout RecordedMemory
  ) throws(KernelError) -> (range: PageRange, pages: UnsafeMutableBufferPointer<Element>) {
    let byteCount = UInt64(MemoryLayout<Element>.stride * count)
    let address: PhysicalAddress
    do throws(BootMemoryError) {
      address = try memory.allocate(.pages(byteCount: byteCount))
    } catch {
      throw .bootMemory(error)
    }
    let pageCount = PageFrame.pageCount(holdingByteCount: byteCount)
    guard let range = PageRange(start: address.pageFrame, pageCount: pageCount) else {
      throw .broken("an allocation reaches beyond the address space")
    }
    // All memory that the kernel reaches is mapped at its own address.
    let start = unsafe UnsafeMutablePointer<Element>(bitPattern: UInt(address.rawValue))
    return unsafe (range, UnsafeMutableBufferPointer(start: start, count: count))
  }

  private mutating func freePageCount() throws(KernelError) -> UInt64 {
    var sum: UInt64 = 0
    for number in 0..<Kernel.nodeCapacity {
      sum += try statistics(of: NodeID(number)).freePageCount
    }
    return sum
  }

  private mutating func statistics(of node: NodeID) throws(KernelError) -> PageStatistics {
    do throws(PageAllocatorError) { return try pages.statistics(of: node) } catch {
      throw .pageAllocator(error)
    }
  }
}

/// Blocks that come and go.
extension PageDemonstration {
  /// Allocates and frees blocks of random orders on a node, at random times, until it has allocated
  /// ``blockCount``, and frees the rest: then the same blocks are free as before.
  private mutating func exercise(
    _ node: NodeID, console: inout Console
  ) throws(KernelError) {
    let before = try statistics(of: node)
    guard before.freePageCount > 0 else { return }
    var pageCount: UInt64 = 0
    var highestPageCount: UInt64 = 0
    var count = 0
    while count < Self.blockCount {
      let slot = random.next(below: UInt32(Self.slotCount))
      if let block = unsafe slots[slot] {
        try free(block, of: slot)
        pageCount -= block.pageCount
      } else if let block = try allocate(order: random.next(below: 11), on: node, slot: slot) {
        pageCount += block.pageCount
        highestPageCount = max(highestPageCount, pageCount)
        count += 1
      }
    }
    for slot in unsafe slots.indices {
      if let block = unsafe slots[slot] { try free(block, of: slot) }
    }
    console.write("  node ")
    console.write(decimal: node.rawValue.magnitude)
    console.write(": ")
    console.write(decimal: count.magnitude)
    console.write(" blocks allocated and freed, at most ")
    console.write(decimal: highestPageCount)
    console.write(" pages at once; ")
    let after = try statistics(of: node)
    console.write(decimal: after.freePageCount)
    console.write(" pages are free")
    guard after.freePageCount == before.freePageCount else {
      throw .broken("other pages are free than before")
    }
    for order in 0...PageAllocator.maximumOrder
    where after.freeBlockCount(ofOrder: order) != before.freeBlockCount(ofOrder: order) {
      throw .broken("the free pages are in other blocks than before")
    }
    console.write(", in the same blocks as before\n")
  }

  /// Allocates a block, and writes the slot's number into its first and its last page; nil where no
  /// such block is free.
  private mutating func allocate(
    order: Int, on node: NodeID, slot: Int
  ) throws(KernelError) -> Block? {
    let block: Block
    do throws(PageAllocatorError) {
      block = Block(first: try pages.allocate(order: order, on: node, policy: .only), order: order)
    } catch {
      guard error == .outOfPages(order: order) else { throw .pageAllocator(error) }
      return nil
    }
    let span = pages.span(of: node)
    guard block.first.number.isMultiple(of: block.pageCount), span.contains(block.first),
      span.contains(block.last)
    else { throw .broken("a block is not aligned, or reaches out of its node") }
    unsafe Self.label(block.first).pointee = UInt(bitPattern: slot)
    unsafe Self.label(block.last).pointee = UInt(bitPattern: slot)
    unsafe slots[slot] = block
    return block
  }

  private mutating func free(_ block: Block, of slot: Int) throws(KernelError) {
    guard unsafe Self.label(block.first).pointee == UInt(bitPattern: slot),
      unsafe Self.label(block.last).pointee == UInt(bitPattern: slot)
    else { throw .broken("a block was given to two") }
    do throws(PageAllocatorError) { try pages.free(block.first, order: block.order) } catch {
      throw .pageAllocator(error)
    }
    unsafe slots[slot] = nil
  }

  /// The first word of a page.
  static func label(_ page: PageFrame) -> UnsafeMutablePointer<UInt> {
    // No page lies beyond what the processor reaches.
    let address = UInt(truncatingIfNeeded: page.number << PageFrame.byteCountShift)
    // Page 0 is held for the firmware.
    return unsafe UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
  }
}

/// What was reserved until the page allocator took over.
extension PageDemonstration {
  /// Releases the pages of `room` and of what was needed only during boot, and shows that a page
  /// can be freed only once.
  private mutating func release(
    _ room: PageRange, _ map: MemoryMap, _ owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    let before = try freePageCount()
    var released = try release(room)
    var wonBack = BootOnlyPages()
    try wonBack.release(from: &owners, reportingTo: &console) {
      owner, owners throws(KernelError) in
      try owners.release(owner, of: map, below: Paging.reach) { pages throws(KernelError) in
        _ = try release(pages)
      }
    }
    released += wonBack.pageCount
    console.write("  released, of what was needed until now: ")
    console.write(decimal: released)
    console.write(" pages\n  free again: ")
    guard try freePageCount() == before + released else {
      throw .broken("the pages that were released are not free")
    }
    do throws(PageAllocatorError) { try pages.free(room.start, order: 0) } catch {
      error.write(to: &console)
      console.write("\n")
      return
    }
    throw .broken("a page was freed twice")
  }

  private mutating func release(_ range: PageRange) throws(KernelError) -> UInt64 {
    do throws(PageAllocatorError) { try pages.release(range) } catch {
      throw .pageAllocator(error)
    }
    return range.pageCount
  }
}
