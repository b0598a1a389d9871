// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// The calls, each written down once it is made.
extension RecordedBootMemory {
  /// The number of nodes up to which a hand-over can be written down.
  public static var nodeLimit: Int { NodeBitmaps.capacity }

  /// The number of nodes that there is storage for.
  public var nodeCapacity: Int { base.nodeCapacity }

  /// What is known of a node; nil if there is no storage for it.
  public func node(_ id: NodeID) -> BootMemoryNode? { base.node(id) }

  /// The first run of free pages of a node at or above `page`; nil if there is none.
  public func nextFreeRun(on id: NodeID, from page: PageFrame = PageFrame(0)) -> PageRange? {
    base.nextFreeRun(on: id, from: page)
  }

  /// The number of free pages of a node.
  public func freePageCount(on id: NodeID) -> UInt64 { base.freePageCount(on: id) }

  /// The lowest of `pages` that hold the bitmap of any node; nil if none do.
  public func bitmapPages(overlapping pages: PageRange) -> PageRange? {
    base.bitmapPages(overlapping: pages)
  }

  /// The pointer to a physical address.
  public func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    unsafe base.pointer(to: address)
  }

  /// Registers a node, all its pages reserved, with its bitmap in physical memory.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/registerNode(_:spanning:bitmapAt:)``.
  @discardableResult
  public mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmapAt bitmapStart: PageFrame
  ) throws(BootMemoryError) -> UInt64 {
    do {
      let byteCount = try base.registerNode(id, spanning: span, bitmapAt: bitmapStart)
      if isRecording {
        writeRegistration(id, span, bitmapStart)
        writeResult(byteCount)
      }
      return byteCount
    } catch {
      if isRecording {
        writeRegistration(id, span, bitmapStart)
        writeResult(TraceCall.registerNode.answer(to: error))
      }
      throw error
    }
  }

  private mutating func writeRegistration(
    _ id: NodeID, _ span: PageRange, _ bitmapStart: PageFrame
  ) {
    write(.registerNode, id)
    writeArgument(bitmapStart.number)
    writeArgument(span.start.number)
    writeArgument(span.end.number)
  }

  /// Marks a range free.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/free(_:on:)-(AddressRange,_)``.
  public mutating func free(
    _ range: AddressRange, on node: NodeID? = nil
  ) throws(BootMemoryError) {
    let call: TraceCall = node == nil ? .free : .freeOnNode
    do {
      try base.free(range, on: node)
      if isRecording {
        write(call, node, range)
        writeResult("ok")
      }
    } catch {
      if isRecording {
        write(call, node, range)
        writeResult(call.answer(to: error))
      }
      throw error
    }
  }

  /// Marks a range reserved.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/reserve(_:on:exclusively:)-(AddressRange,_,_)``.
  public mutating func reserve(
    _ range: AddressRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    let call: TraceCall = node == nil ? .reserve : .reserveOnNode
    do {
      try base.reserve(range, on: node, exclusively: exclusively)
      if isRecording {
        write(call, node, range)
        writeArgument(exclusively ? 1 : 0)
        writeResult("0")
      }
    } catch {
      if isRecording {
        write(call, node, range)
        writeArgument(exclusively ? 1 : 0)
        writeResult(call.answer(to: error))
      }
      throw error
    }
  }

  /// Marks pages free.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/free(_:on:)-(PageRange,_)``.
  public mutating func free(_ pages: PageRange, on node: NodeID?) throws(BootMemoryError) {
    // A trace has only addresses, and all pages of a machine have one.  An empty range is not
    // written: a range of addresses without a whole page lowers the hint.
    guard !pages.isEmpty, let range = AddressRange(pages) else {
      return try base.free(pages, on: node)
    }
    try free(range, on: node)
  }

  /// Marks pages reserved.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/reserve(_:on:exclusively:)-(PageRange,_,_)``.
  public mutating func reserve(
    _ pages: PageRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    guard let range = AddressRange(pages) else {
      return try base.reserve(pages, on: node, exclusively: exclusively)
    }
    try reserve(range, on: node, exclusively: exclusively)
  }

  /// Hands over every free page, and the pages of the bitmaps.
  ///
  /// The trace gets the blocks into which Linux would have cut these pages, and as many pages of
  /// each bitmap as Linux's would have had.  If boot memory has room for more than ``nodeLimit``
  /// nodes, the trace ends here with a comment, and the hand-over is not written down.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/handOver(maximumOrder:_:)``.
  @discardableResult
  public mutating func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    if isRecording, base.nodeCapacity > Self.nodeLimit {
      sink.write("# no hand-over is written down of more than ")
      sink.write(decimal: Self.nodeLimit.magnitude)
      sink.write(" nodes\n")
      endRecording()
    }
    guard isRecording else { return try base.handOver(maximumOrder: maximumOrder, release) }
    let bitmaps = NodeBitmaps(of: base, wordBitCount: wordBitCount)
    var blocks = LinuxBlocks(wordBitCount: wordBitCount)
    let pageCount: UInt64
    do {
      pageCount = try base.handOver(maximumOrder: maximumOrder) { block in
        release(block)
        bitmaps.add(block, to: &blocks)
      }
    } catch {
      write(.handOver)
      writeResult(TraceCall.handOver.answer(to: error))
      throw error
    }
    write(.handOver)
    writeArrow()
    blocks.write(to: &sink)
    sink.write("\n")
    return pageCount
  }

  /// Gives the whole pages of a range to the page allocator after the hand-over.
  ///
  /// - Throws: As ``/BootMemory/BootMemory/releaseLate(_:_:)``.
  @discardableResult
  public mutating func releaseLate(
    _ range: AddressRange, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard isRecording else { return try base.releaseLate(range, release) }
    var blocks = LinuxBlocks(wordBitCount: wordBitCount)
    do {
      let pageCount = try base.releaseLate(range) { block in
        release(block)
        blocks.addPages(from: block.first.number, count: block.pageCount)
      }
      write(.releaseLate, nil, range)
      writeArrow()
      blocks.write(to: &sink)
      sink.write("\n")
      return pageCount
    } catch {
      write(.releaseLate, nil, range)
      writeResult(TraceCall.releaseLate.answer(to: error))
      throw error
    }
  }
}

/// Where the nodes' bitmaps lie, and how many pages Linux's would have: what is needed to tell
/// their pages from others during the hand-over.
private struct NodeBitmaps {
  static var capacity: Int { 64 }

  private var pages = InlineArray<64, PageRange?>(repeating: nil)
  private var linuxPageCounts = InlineArray<64, UInt64>(repeating: 0)

  /// - Precondition: Boot memory has storage for at most 64 nodes.
  init(of memory: borrowing BootMemory, wordBitCount: Int) {
    precondition(memory.nodeCapacity <= Self.capacity)
    for number in 0..<memory.nodeCapacity {
      guard let node = memory.node(NodeID(number)), node.isRegistered else { continue }
      pages[number] = node.bitmapPages
      let bitmap = LinuxBitmap(pageCount: node.span.pageCount, wordBitCount: wordBitCount)
      linuxPageCounts[number] = PageFrame.pageCount(holdingByteCount: bitmap.byteCount)
    }
  }

  /// Adds the pages of a block that is handed over, those of a bitmap as Linux would have them.
  func add(_ block: PageBlock, to blocks: inout LinuxBlocks) {
    let number = block.node.rawValue
    guard let bitmap = pages[number], bitmap.contains(block.first) else {
      if let pages = PageRange(start: block.first, pageCount: block.pageCount) {
        blocks.add(pages, of: block.node)
      }
      return
    }
    // The first block of a bitmap stands for all of it.
    guard block.first == bitmap.start else { return }
    blocks.addPages(from: bitmap.start.number, count: linuxPageCounts[number])
  }
}
