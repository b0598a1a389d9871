// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import KernelHeap
import MemoryReports
import PageAllocator
import PhysicalMemory
import TextOutput
import TraceReplay

/// The page allocator that takes over from boot memory, and the heap on top of it.
@safe final class PagesAndHeap {
  /// How much of the machine's memory has contents, in addition to the trees of the page allocator:
  /// for objects.
  private static let objectByteCount: UInt64 = 64 << 20

  /// How many places are tried for memory with contents on each node.
  private static let placeLimit = 64

  private let replayer: TraceReplayer
  private let storage: UnsafeMutableBufferPointer<PageNode>
  private var pages: MappedPages
  private var heap: KernelHeap

  /// Makes the calls of `session` up to the hand-over once more, and then takes over.
  ///
  /// - Throws: Why that is impossible.
  init(from session: Session) throws(Refusal) {
    let mapped = try Self.mappedPages(of: session)
    let byteCount = mapped.pageCount << PageFrame.byteCountShift
    guard let size = Int(exactly: byteCount), let arena = Arena(byteCount: size) else {
      throw Refusal(
        "too large for this page: the page allocator and the heap need \(sizeText(byteCount))")
    }
    replayer = TraceReplayer(session.header, mapping: (arena, mapped.start))
    var late: [PageRange] = []
    var isOver = false
    for operation in session.madeOperations {
      if operation.call == .handOver { isOver = true }
      if !isOver {
        _ = try Session.result(of: operation, by: replayer)
      } else if operation.call == .releaseLate, let pages = operation.pages(of: "") {
        late.append(pages)
      }
    }
    // The trees lie where memory has contents.
    let below = Self.freeRuns(of: replayer.memory, below: mapped.start)
    for pages in below { try? replayer.memory.reserve(pages) }
    replayer.memory.mappedEnd = mapped.end.firstAddress
    unsafe storage = .allocate(capacity: Session.nodeCapacity)
    do throws(PageAllocatorError) {
      pages = MappedPages(
        allocator: unsafe try PageAllocator(takingOver: &replayer.memory, nodes: storage),
        mapped: mapped)
    } catch {
      unsafe storage.deallocate()
      throw Refusal("the page allocator cannot take over: \(Self.text(error))")
    }
    heap = KernelHeap(directMapOffset: unsafe UInt(bitPattern: replayer.memory.pointer(to: 0)))
    for pages in below + late { release(pages) }
  }

  /// The pages that have contents: from the lowest place that has enough free pages after it, or
  /// from the one that has the most.
  private static func mappedPages(of session: Session) throws(Refusal) -> PageRange {
    var byteCount = objectByteCount
    var places: [PageFrame] = []
    for number in 0..<Session.nodeCapacity {
      guard let node = session.replayer.memory.node(NodeID(number)), node.isRegistered else {
        continue
      }
      // A tree is a little larger than a bitmap.
      let bitmap = BootMemory.bitmapByteCount(forPageCount: node.span.pageCount)
      byteCount += bitmap + bitmap / 8 + PageFrame.byteCount
      var run = session.replayer.memory.nextFreeRun(on: NodeID(number))
      for _ in 0..<placeLimit {
        guard let pages = run else { break }
        places.append(pages.start)
        run = session.replayer.memory.nextFreeRun(on: NodeID(number), from: pages.end)
      }
    }
    let pageCount = PageFrame.pageCount(holdingByteCount: byteCount)
    var best: (pages: PageRange, freeCount: UInt64)?
    for start in places.sorted() {
      let end = min(start.number + pageCount, PageFrame.end.number - 1)
      let pages = PageRange(start..<PageFrame(end))
      let freeCount = session.replayer.memory.freePageCount(in: pages)
      if freeCount > best?.freeCount ?? 0 { best = (pages, freeCount) }
      if freeCount > pageCount / 2 { break }
    }
    guard let best else { throw Refusal("no page is free: there is nothing to allocate") }
    return best.pages
  }

  /// The free pages below a page, whatever their node.
  private static func freeRuns(
    of memory: borrowing BootMemory, below end: PageFrame
  ) -> [PageRange] {
    var runs: [PageRange] = []
    for number in 0..<Session.nodeCapacity {
      var run = memory.nextFreeRun(on: NodeID(number))
      while let pages = run, pages.start < end {
        runs.append(PageRange(pages.start..<min(pages.end, end)))
        run = memory.nextFreeRun(on: NodeID(number), from: pages.end)
      }
    }
    return runs
  }

  deinit {
    unsafe storage.deallocate()
  }

  /// Frees pages that boot memory gives away late.
  func release(_ range: PageRange) { try? pages.allocator.release(range) }

  /// Makes a call.
  ///
  /// - Returns: The result as a trace has it, and a sentence.
  func make(_ call: PageCall) -> (result: String, words: String) {
    let arguments = call.arguments
    do throws(PageAllocatorError) {
      switch call.kind {
      case .pages:
        let page = try pages.allocator.allocate(order: Int(clamping: arguments[0]))
        return (String(page.number, radix: 16), "returns page \(String(page.number, radix: 16))")
      case .freePages:
        try pages.allocator.free(PageFrame(arguments[0]), order: Int(clamping: arguments[1]))
        return ("ok", "done")
      case .heap, .heapFree: return makeOnHeap(call)
      }
    } catch {
      return ("refused", "refused: \(Self.text(error))")
    }
  }

  private func makeOnHeap(_ call: PageCall) -> (result: String, words: String) {
    let offset = unsafe UInt(bitPattern: replayer.memory.pointer(to: 0))
    do throws(KernelHeapError) {
      if call.kind == .heap {
        let pointer = unsafe try heap.allocate(
          byteCount: UInt(clamping: call.arguments[0]), from: &pages)
        let address = String(UInt(bitPattern: pointer) &- offset, radix: 16)
        return (address, "returns \(address)")
      }
      let address = call.arguments[0]
      guard pages.mapped.contains(PhysicalAddress(address).pageFrame),
        let pointer = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address) &+ offset)
      else { return ("refused", "refused: the heap has no memory there") }
      unsafe try heap.free(pointer, to: &pages)
      return ("ok", "done")
    } catch {
      var sink = StringSink()
      error.write(to: &sink)
      var words = "refused: \(sink.text)"
      if case .outOfMemory = error { words += "; contents are there for \(mappedText) alone" }
      return ("refused", words)
    }
  }

  private var mappedText: String {
    let (first, end) = (pages.mapped.start.number, pages.mapped.end.number)
    return "pages 0x\(String(first, radix: 16)) to 0x\(String(end - 1, radix: 16))"
  }

  private static func text(_ error: PageAllocatorError) -> String {
    var sink = StringSink()
    error.write(to: &sink)
    return sink.text
  }

  /// The free blocks of each order.
  var blocks: JSONText {
    var counts = [UInt64](repeating: 0, count: 11)
    for number in 0..<Session.nodeCapacity {
      guard let found = try? pages.allocator.statistics(of: NodeID(number)) else { continue }
      for order in 0...10 { counts[order] += found.freeBlockCount(ofOrder: order) }
    }
    return .object([("orders", .array(counts.map { .number($0) }))])
  }

  /// What the heap holds.
  var json: JSONText {
    .object([
      ("allocations", .number(heap.statistics.allocationCount)),
      ("pages", .number(heap.statistics.pageCount)),
      ("indexPages", .number(heap.statistics.indexPageCount)), ("mapped", .string(mappedText)),
    ])
  }
}
