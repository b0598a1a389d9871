import BootMemory
import PhysicalMemory
import TextOutput

/// The calls, each written down once it is made.
extension RecordedBootMemory {
  /// The number of nodes that there is storage for.
  public var nodeCapacity: Int { base.nodeCapacity }

  /// What is known of a node; nil where there is no storage for it.
  public func node(_ id: NodeID) -> BootMemoryNode? { base.node(id) }

  /// The first run of free pages of a node at or above `page`; nil if there is none.
  public func nextFreeRun(on id: NodeID, from page: PageFrame = PageFrame(0)) -> PageRange? {
    base.nextFreeRun(on: id, from: page)
  }

  /// The number of free pages of a node.
  public func freePageCount(on id: NodeID) -> UInt64 { base.freePageCount(on: id) }

  /// Registers a node, all its pages reserved, with its bitmap in physical memory.
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
        writeResult(error, closed: "BUG")
      }
      throw error
    }
  }

  private mutating func writeRegistration(
    _ id: NodeID, _ span: PageRange, _ bitmapStart: PageFrame
  ) {
    writeCall("init", id.rawValue)
    writeArgument(bitmapStart.number)
    writeArgument(span.start.number)
    writeArgument(span.end.number)
  }

  /// Marks a range free.
  public mutating func free(
    _ range: AddressRange, on node: NodeID? = nil
  ) throws(BootMemoryError) {
    let name: StaticString = node == nil ? "free" : "free_node"
    do {
      try base.free(range, on: node)
      if isRecording {
        writeCall(name, node?.rawValue, range)
        writeResult("ok")
      }
    } catch {
      if isRecording {
        writeCall(name, node?.rawValue, range)
        writeResult(error, closed: "ok")
      }
      throw error
    }
  }

  /// Marks a range reserved.
  public mutating func reserve(
    _ range: AddressRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    let name: StaticString = node == nil ? "reserve" : "reserve_node"
    do {
      try base.reserve(range, on: node, exclusively: exclusively)
      if isRecording {
        writeCall(name, node?.rawValue, range)
        writeArgument(exclusively ? 1 : 0)
        writeResult("0")
      }
    } catch {
      if isRecording {
        writeCall(name, node?.rawValue, range)
        writeArgument(exclusively ? 1 : 0)
        writeResult(error, closed: "0")
      }
      throw error
    }
  }

  /// Marks pages free.
  public mutating func free(_ pages: PageRange, on node: NodeID?) throws(BootMemoryError) {
    // A trace knows addresses only, and these pages all have some on any machine.
    guard let range = AddressRange(pages) else { return try base.free(pages, on: node) }
    try free(range, on: node)
  }

  /// Marks pages reserved.
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
  /// The trace has the blocks into which Linux would have cut these pages, and as many pages of each
  /// bitmap as Linux's would have had.
  @discardableResult
  public mutating func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
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
      writeCall("free_all")
      writeResult(error, closed: "BUG")
      throw error
    }
    writeCall("free_all")
    writeArrow()
    blocks.write(to: &sink)
    sink.write("\n")
    return pageCount
  }

  /// Gives the whole pages of a range to the page allocator after the hand-over.
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
      writeCall("free_late", nil, range)
      writeArrow()
      blocks.write(to: &sink)
      sink.write("\n")
      return pageCount
    } catch {
      writeCall("free_late", nil, range)
      writeResult(error, closed: "BUG")
      throw error
    }
  }
}
