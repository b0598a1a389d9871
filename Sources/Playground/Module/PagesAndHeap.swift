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
  /// How much of the machine's memory there is for the tree of the page allocator and for objects.
  private static let mappedByteCount: UInt64 = 64 << 20

  private let replayer: TraceReplayer
  private let storage: UnsafeMutableBufferPointer<PageNode>
  private var pages: PageAllocator
  private var heap: KernelHeap
  private let mapped: AddressRange

  /// Makes the calls of `session` up to the hand-over once more, and takes over then.
  ///
  /// - Throws: Why that cannot be.
  init(from session: Session) throws(Refusal) {
    let made = session.madeOperations
    guard let first = made.first(where: { $0.registers })?.effect(of: "0"),
      case .registers(let span) = first, let start = span.start.firstAddress,
      let mapped = AddressRange(start: start, byteCount: Self.mappedByteCount),
      let end = mapped.end
    else { throw Refusal("there is no node") }
    replayer = TraceReplayer(session.header, mapping: mapped)
    var late: [PageRange] = []
    var isOver = false
    for operation in made {
      if operation.call == .handOver { isOver = true }
      if !isOver {
        _ = try Session.result(of: operation, by: replayer)
      } else if operation.call == .releaseLate, let pages = operation.pages(of: "") {
        late.append(pages)
      }
    }
    self.mapped = mapped
    replayer.memory.mappedEnd = end
    unsafe storage = .allocate(capacity: Session.nodeCapacity)
    do throws(PageAllocatorError) {
      pages = unsafe try PageAllocator(takingOver: &replayer.memory, nodes: storage)
    } catch {
      unsafe storage.deallocate()
      throw Refusal(
        "the page allocator needs room for its tree in the lowest "
          + "\(sizeText(Self.mappedByteCount)), which is all that the page has of this machine: "
          + Self.text(error))
    }
    let offset = unsafe UInt(bitPattern: replayer.memory.pointer(to: 0))
    heap = KernelHeap(directMapOffset: offset, below: end.pageFrame)
    for pages in late { release(pages) }
  }

  deinit {
    unsafe storage.deallocate()
  }

  /// Makes pages free that boot memory gives away late.
  func release(_ range: PageRange) { try? pages.release(range) }

  /// Makes a call.
  ///
  /// - Returns: What a trace has of it, and a sentence.
  func make(_ call: PageCall) -> (result: String, words: String) {
    let arguments = call.arguments
    do throws(PageAllocatorError) {
      switch call.kind {
      case .pages:
        let page = try pages.allocate(order: Int(clamping: arguments[0]))
        return (String(page.number, radix: 16), "returns page \(String(page.number, radix: 16))")
      case .freePages:
        try pages.free(PageFrame(arguments[0]), order: Int(clamping: arguments[1]))
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
      guard mapped.contains(PhysicalAddress(address)),
        let pointer = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address) &+ offset)
      else { return ("refused", "refused: the heap has no memory there") }
      unsafe try heap.free(pointer, to: &pages)
      return ("ok", "done")
    } catch {
      var sink = StringSink()
      error.write(to: &sink)
      return ("refused", "refused: \(sink.text)")
    }
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
      guard let found = try? pages.statistics(of: NodeID(number)) else { continue }
      for order in 0...10 { counts[order] += found.freeBlockCount(ofOrder: order) }
    }
    return .object([("orders", .array(counts.map { .number($0) }))])
  }

  /// What the heap holds.
  var json: JSONText {
    .object([
      ("allocations", .number(heap.statistics.allocationCount)),
      ("pages", .number(heap.statistics.pageCount)),
      ("indexPages", .number(heap.statistics.indexPageCount)),
    ])
  }
}
