// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import Glibc
import KernelHeap
import PageAllocator
import PhysicalMemory

/// Calls of a kernel's heap that the input names, legal and hostile, at first over boot memory and then
/// over the page allocator, each judged by a list of what is allocated.
@safe struct HeapTarget: ~Copyable {
  private struct Allocation {
    var start: UInt
    var byteCount: UInt
    /// What all of its bytes are.
    var label: UInt8

    var end: UInt { start + byteCount }
  }

  private static let pageCount: UInt64 = 384
  private static let storage = HostStorage(
    memoryByteCount: Int(pageCount * PageFrame.byteCount), largeBitmapByteCount: 1 << 12,
    nodeCapacity: 1)
  private static let pageNodes = PageNodes(capacity: 1)

  /// More pages than the heap takes for a small allocation: one, and those of its index.
  private static let sufficientPageCount: UInt64 = 8

  private var heap: KernelHeap
  private var allocations: [Allocation] = []
  private var freed: [UInt] = []
  /// The pages that boot memory had to give.
  private let givenPages: PageRuns
  /// The pages that the heap and its source have together.
  private var pageCount: UInt64
  private var nextLabel: UInt8 = 0

  static func run(_ input: inout FuzzInput) {
    var platform = BootMemoryPlatform()
    platform.directMapOffset = unsafe UInt(bitPattern: storage.memory.baseAddress)
    unsafe platform.clear = { _, _, _ in }
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    let pages = PageRange(0..<pageCount)
    // The bitmap lies in pages of its own, and page 0 is no pointer of anybody's.
    try! memory.registerNode(NodeID(0), spanning: pages, bitmapAt: PageFrame(1))
    try! memory.free(pages)
    try! memory.reserve(PageRange(0..<UInt64(2)))
    for _ in 0..<input.number(upTo: 7) {
      let first = UInt64(input.number(UInt16.self)) % pageCount
      try! memory.reserve(PageRange(first..<min(first + UInt64(input.byte()), pageCount)))
    }
    var given = PageRuns()
    var run = memory.nextFreeRun(on: NodeID(0))
    while let free = run {
      given.insert(free.numbers)
      run = memory.nextFreeRun(on: NodeID(0), from: free.end)
    }
    var target = HeapTarget(
      givenPages: given, directMapOffset: platform.directMapOffset)
    target.makeCalls(&input, from: &memory)
    target.judgePages(ofSource: freePageCount(of: memory))
    do throws(PageAllocatorError) {
      var pages = unsafe try PageAllocator(takingOver: &memory, nodes: pageNodes.nodes)
      // Boot memory's bitmap is released, and the page allocator takes pages for itself.
      target.pageCount = freePageCount(of: &pages) + target.heldPageCount
      target.makeCalls(&input, from: &pages)
      target.judgePages(ofSource: freePageCount(of: &pages))
      target.freeAll(to: &pages)
      target.judgePages(ofSource: freePageCount(of: &pages))
    } catch {
      guard case .noRoom = error else { return judge(false, "taking over threw \(error)") }
      target.freeAll(to: &memory)
      target.judgePages(ofSource: freePageCount(of: memory))
    }
  }

  private init(givenPages: PageRuns, directMapOffset: UInt) {
    self.givenPages = givenPages
    pageCount = givenPages.count
    heap = KernelHeap(directMapOffset: directMapOffset)
  }

  private static func freePageCount(of memory: borrowing BootMemory) -> UInt64 {
    var count: UInt64 = 0
    var run = memory.nextFreeRun(on: NodeID(0))
    while let free = run {
      count += free.pageCount
      run = memory.nextFreeRun(on: NodeID(0), from: free.end)
    }
    return count
  }

  private static func freePageCount(of pages: inout PageAllocator) -> UInt64 {
    try! pages.statistics(of: NodeID(0)).freePageCount
  }

  /// The pages that the heap has.
  private var heldPageCount: UInt64 {
    heap.statistics.pageCount + heap.statistics.indexPageCount
  }

  /// Makes calls up to the one that hands over.
  private mutating func makeCalls(
    _ input: inout FuzzInput, from source: inout some HeapPageSource & ~Copyable
  ) {
    while !input.isAtEnd {
      switch input.number(upTo: 63) {
      case 0..<32: allocate(&input, from: &source)
      case 32..<56: freeAny(&input, to: &source)
      case 56..<63: freeWrongly(&input, to: &source)
      default: return
      }
      let count = heap.statistics.allocationCount
      judge(count == UInt64(allocations.count), "\(count) allocations, not \(allocations.count)")
    }
  }

  // MARK: Calls

  private mutating func allocate(
    _ input: inout FuzzInput, from source: inout some HeapPageSource & ~Copyable
  ) {
    let shape = input.byte()
    let byteCount: UInt =
      switch shape & 7 {
      case 0, 1, 2: UInt(input.byte())
      case 3, 4: UInt(input.number(UInt16.self)) % 5000
      case 5, 6: UInt(input.magnitude(upToBits: 18))
      default: UInt(truncatingIfNeeded: input.magnitude(upToBits: 64))
      }
    let alignment: UInt =
      switch shape >> 3 & 3 {
      case 0, 1: KernelHeap.minimumAlignment
      case 2: 1 << UInt(input.byte() & 15)
      default: input.oneIn(4) ? UInt(input.byte()) : 1 << UInt(input.byte() & 63)
      }
    let isAligned = alignment != 0 && alignment & (alignment - 1) == 0
    var text: String { "allocate \(byteCount) aligned to \(alignment)" }
    do throws(KernelHeapError) {
      let pointer = unsafe try heap.allocate(
        byteCount: byteCount, alignment: alignment, from: &source)
      let start = UInt(bitPattern: pointer)
      note("\(text): 0x\(String(start, radix: 16))")
      judge(isAligned, "\(text) was not refused")
      take(
        Allocation(start: start, byteCount: max(byteCount, 1), label: nextLabel), alignment, text)
      nextLabel &+= 1
    } catch {
      note("\(text): \(error)")
      guard isAligned else {
        return judge(error == .alignmentNotPowerOfTwo(alignment), "\(text) threw \(error)")
      }
      judge(error == .outOfMemory(byteCount: byteCount), "\(text) threw \(error)")
      let isSmall = byteCount <= 1024 && alignment <= 1024
      judge(
        !isSmall || pageCount - heldPageCount < Self.sufficientPageCount,
        "\(text) threw \(error), with \(pageCount - heldPageCount) free pages")
    }
  }

  /// Judges a new allocation, and fills it.
  private mutating func take(_ new: Allocation, _ alignment: UInt, _ text: String) {
    // Physical addresses are aligned; the host's memory begins at any page.
    let base = unsafe UInt(bitPattern: Self.storage.memory.baseAddress)
    judge((new.start &- base) % alignment == 0, "\(text) gave 0x\(String(new.start, radix: 16))")
    judge(new.start % KernelHeap.minimumAlignment == 0, "\(text) gave \(new.start)")
    let size = unsafe UInt64(Self.storage.memory.count)
    let offset = UInt64(new.start &- base)
    judge(
      offset < size && UInt64(new.byteCount) <= size - offset, "\(text) gave no memory: \(new)")
    let first = offset >> PageFrame.byteCountShift
    let end = (offset + UInt64(new.byteCount) - 1) >> PageFrame.byteCountShift + 1
    judge(givenPages.contains(first..<end), "\(text) gave a page that is reserved: \(new)")
    for other in allocations {
      judge(new.end <= other.start || other.end <= new.start, "\(text) gave bytes of \(other)")
    }
    unsafe UnsafeMutableRawPointer(bitPattern: new.start)!.initializeMemory(
      as: UInt8.self, repeating: new.label, count: Int(new.byteCount))
    allocations.append(new)
  }

  private mutating func freeAny(
    _ input: inout FuzzInput, to source: inout some HeapPageSource & ~Copyable
  ) {
    guard !allocations.isEmpty else { return }
    free(Int(input.number(UInt16.self)) % allocations.count, to: &source)
  }

  private mutating func free(_ index: Int, to source: inout some HeapPageSource & ~Copyable) {
    let old = allocations.remove(at: index)
    note("free 0x\(String(old.start, radix: 16))")
    let bytes = unsafe UnsafeRawPointer(bitPattern: old.start)!
    // The first is as it was, and each as the one in front of it.
    judge(
      unsafe bytes.load(as: UInt8.self) == old.label
        && memcmp(bytes, bytes + 1, Int(old.byteCount) - 1) == 0,
      "somebody has written to \(old)")
    do throws(KernelHeapError) {
      unsafe try heap.free(UnsafeMutableRawPointer(bitPattern: old.start)!, to: &source)
      freed.append(old.start)
    } catch {
      judge(false, "free of \(old) threw \(error)")
    }
  }

  /// Frees what is no allocation: all that may not be found is refused.
  private mutating func freeWrongly(
    _ input: inout FuzzInput, to source: inout some HeapPageSource & ~Copyable
  ) {
    let number = input.number(UInt16.self)
    let base = unsafe UInt(bitPattern: Self.storage.memory.baseAddress)
    let address: UInt
    switch input.number(upTo: 3) {
    case 0:
      guard !allocations.isEmpty else { return }
      let allocation = allocations[Int(number) % allocations.count]
      address = allocation.start + UInt(input.number(UInt16.self)) % (allocation.byteCount + 32)
    case 1:
      guard !freed.isEmpty else { return }
      address = freed[Int(number) % freed.count]
    case 2:
      let page = UInt64(number) % (Self.pageCount + 8)
      address = base &+ UInt(page << PageFrame.byteCountShift) &+ UInt(input.byte()) * 16
    default:
      address = UInt(truncatingIfNeeded: input.number(UInt64.self))
    }
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    if let index = allocations.firstIndex(where: { $0.start == address }) {
      return free(index, to: &source)
    }
    note("free 0x\(String(address, radix: 16)), which is no allocation")
    do throws(KernelHeapError) {
      unsafe try heap.free(pointer, to: &source)
      judge(false, "free of 0x\(String(address, radix: 16)), no allocation, was not refused")
    } catch {
      guard case .notAllocated(address, let finding) = error else {
        return judge(false, "free of 0x\(String(address, radix: 16)) threw \(error)")
      }
      guard case .insideAllocation(let start) = finding else { return }
      judge(
        allocations.contains { $0.start == start && start < address },
        "free of 0x\(String(address, radix: 16)) threw \(error)")
    }
  }

  private mutating func freeAll(to source: inout some HeapPageSource & ~Copyable) {
    while !allocations.isEmpty { free(allocations.count - 1, to: &source) }
  }

  /// Judges that every page is the heap's or its source's.
  private func judgePages(ofSource freePageCount: UInt64) {
    judge(
      freePageCount + heldPageCount == pageCount,
      "\(freePageCount) pages are free and \(heldPageCount) held, of \(pageCount)")
  }
}
