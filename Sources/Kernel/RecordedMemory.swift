#if hasFeature(Embedded)
import BootMemory
import BootPlan
import PhysicalMemory

/// Boot memory whose calls are printed as a trace, with `bootmem_record` on the command line.
///
/// A trace starts with `trace begin` and ends with `trace end`; what else the kernel says in between
/// is printed as comments.  The trace can be replayed on a host, whatever the machine was.
struct RecordedMemory: ~Copyable, NodeSetUp {
  /// Boot memory itself, for looking at it.
  private(set) var base: BootMemory

  private var isRecording: Bool

  init(_ base: consuming BootMemory, isRecording: Bool) {
    self.isRecording = isRecording
    let platform = base.platform
    self.base = base
    guard isRecording else { return }
    header("trace begin", nil)
    header("word", UInt64(UInt.bitWidth))
    header("page_shift", PageFrame.byteCountShift)
    header("low_limit", platform.lowAddressLimit.rawValue)
    header("max_dma32_pfn", platform.maxDMA32PageFrame.number)
    header("bootmem_low_limit", platform.maxDMAAddress.rawValue)
  }

  private func header(_ key: StaticString, _ value: UInt64?) {
    var line = TraceLine(key)
    if let value { line.add(value) }
    line.end()
  }

  var nodeCapacity: Int { base.nodeCapacity }

  func node(_ id: NodeID) -> BootMemoryNode? { base.node(id) }

  func nextFreeRun(on id: NodeID, from page: PageFrame = PageFrame(0)) -> PageRange? {
    base.nextFreeRun(on: id, from: page)
  }

  mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmapAt bitmapStart: PageFrame
  ) throws(BootMemoryError) -> UInt64 {
    let byteCount = try base.registerNode(id, spanning: span, bitmapAt: bitmapStart)
    guard isRecording else { return byteCount }
    var line = TraceLine("init")
    line.add(UInt64(id.rawValue))
    line.add(bitmapStart.number)
    line.add(span.start.number)
    line.add(span.end.number)
    line.end(byteCount)
    return byteCount
  }

  mutating func free(_ range: AddressRange, on node: NodeID? = nil) throws(BootMemoryError) {
    do {
      try base.free(range, on: node)
    } catch {
      record(node == nil ? "free" : "free_node", node, range, nil, Self.result(error, or: "ok"))
      throw error
    }
    record(node == nil ? "free" : "free_node", node, range, nil, "ok")
  }

  mutating func reserve(
    _ range: AddressRange, on node: NodeID? = nil, exclusively: Bool = false
  ) throws(BootMemoryError) {
    let name: StaticString = node == nil ? "reserve" : "reserve_node"
    do {
      try base.reserve(range, on: node, exclusively: exclusively)
    } catch {
      record(name, node, range, exclusively ? 1 : 0, Self.result(error, or: "0"))
      throw error
    }
    record(name, node, range, exclusively ? 1 : 0, "0")
  }

  private func record(
    _ name: StaticString, _ node: NodeID?, _ range: AddressRange, _ flags: UInt64?,
    _ result: StaticString
  ) {
    guard isRecording else { return }
    var line = TraceLine(name)
    if let node { line.add(UInt64(node.rawValue)) }
    line.add(range)
    if let flags { line.add(flags) }
    line.end(result)
  }

  /// The result of a refused call; after the hand-over Linux says that all is well.
  private static func result(
    _ error: BootMemoryError, or handedOver: StaticString
  ) -> StaticString {
    switch error {
    case .alreadyReserved: "EBUSY"
    case .handedOver: handedOver
    case .outOfMemory: "NULL"
    case .misuse: "BUG"
    }
  }

  mutating func allocate(
    _ request: AllocationRequest
  ) throws(BootMemoryError) -> PhysicalAddress {
    let address: PhysicalAddress
    do {
      address = try base.allocate(request)
    } catch {
      // No call of Linux's insists on a node; where it fails, nothing has changed.
      if isRecording && request.nodePolicy != .only {
        var line = line(for: request)
        line.end(
          Self.result(error, or: request.nodePolicy == .high ? "PANIC" : "NULL"))
      }
      throw error
    }
    if isRecording {
      var line = line(for: request)
      line.end(address.rawValue)
    }
    return address
  }

  mutating func allocateOrTrap(_ request: AllocationRequest) -> PhysicalAddress {
    let address = base.allocateOrTrap(request)
    if isRecording {
      var line = line(for: request)
      line.end(address.rawValue)
    }
    return address
  }

  /// The call of Linux's that asks for the same.
  ///
  /// - Precondition: There is one: a limit other than the low one goes with a node, and a node that
  ///   is insisted on with no goal.
  private func line(for request: AllocationRequest) -> TraceLine {
    let limit: UInt64? =
      switch request.limit {
      case .none: nil
      case .low: base.platform.lowAddressLimit.rawValue
      case .address(let address): address.rawValue
      }
    var line: TraceLine
    if let node = request.node {
      precondition(request.nodePolicy != .only || request.goal == .none)
      precondition(request.nodePolicy != .high || limit == nil)
      let isHigh = request.nodePolicy == .high
      line = TraceLine(
        isHigh ? "alloc_node_high" : limit == nil ? "alloc_node_nopanic" : "alloc_node_limit")
      line.add(UInt64(node.rawValue))
    } else {
      precondition(limit == nil || request.limit == .low)
      line = TraceLine(limit == nil ? "alloc_nopanic" : "alloc_low_nopanic")
    }
    line.add(request.byteCount)
    line.add(request.alignment == 0 ? base.platform.cacheLineByteCount : request.alignment)
    switch request.goal {
    case .preservingDMA: line.add(base.platform.maxDMAAddress.rawValue)
    case .address(let address): line.add(address.rawValue)
    }
    if request.node != nil, let limit { line.add(limit) }
    return line
  }

  /// Hands the memory over, after a checkpoint of the bitmaps; that ends the recording.
  mutating func handOver(
    maximumOrder: Int, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    guard isRecording else {
      return try base.handOver(maximumOrder: maximumOrder, release)
    }
    recordBitmaps()
    let bitmaps = bitmaps
    var isRecorded = InlineArray<64, Bool>(repeating: false)
    var blocks = LinuxBlocks()
    let pageCount = try base.handOver(maximumOrder: maximumOrder) { block in
      release(block)
      guard let pages = PageRange(start: block.first, pageCount: block.pageCount) else { return }
      let number = block.node.rawValue
      guard let bitmap = bitmaps[number], bitmap.pages.contains(block.first) else {
        blocks.add(pages)
        return
      }
      // All of a bitmap in the place of its first block, and as large as Linux's.
      if !isRecorded[number] {
        blocks.addSingles(from: bitmap.pages.start, count: bitmap.linuxPageCount)
      }
      isRecorded[number] = true
    }
    blocks.cut()
    var line = TraceLine("free_all")
    line.end(blocks)
    endRecording()
    return pageCount
  }

  /// Where a bitmap lies, and how many pages Linux's would take.
  private struct Bitmap {
    let pages: PageRange
    let linuxPageCount: UInt64
  }

  private static func linuxWordCount(of node: BootMemoryNode) -> UInt64 {
    let width = UInt64(UInt.bitWidth)
    return node.span.pageCount / width + (node.span.pageCount % width == 0 ? 0 : 1)
  }

  /// The bitmap of each node.
  private var bitmaps: InlineArray<64, Bitmap?> {
    var bitmaps = InlineArray<64, Bitmap?>(repeating: nil)
    for number in 0..<min(base.nodeCapacity, bitmaps.count) {
      guard let node = base.node(NodeID(number)), let pages = node.bitmapPages else { continue }
      let byteCount = Self.linuxWordCount(of: node) * UInt64(UInt.bitWidth / 8)
      bitmaps[number] = Bitmap(
        pages: pages, linuxPageCount: PageFrame.pageCount(holdingByteCount: byteCount))
    }
    return bitmaps
  }

  /// Prints the number of reserved bits of every node, and a checksum of the words as Linux has them.
  ///
  /// - Complexity: O(pages).
  private func recordBitmaps() {
    for number in 0..<base.nodeCapacity {
      let id = NodeID(number)
      guard let node = base.node(id), node.isRegistered else { continue }
      var checksum = TraceChecksum()
      var reserved: UInt64 = 0
      for index in 0..<Self.linuxWordCount(of: node) {
        let word = base.bitmapWord(UInt(index), of: id)
        reserved += UInt64(word.nonzeroBitCount)
        checksum.add(UInt64(word), byteCount: UInt64(UInt.bitWidth / 8))
      }
      var line = TraceLine("map")
      line.add(UInt64(number))
      line.end(reserved, checksum: checksum.value)
    }
  }

  /// Ends the trace: text is no comment any more.
  private mutating func endRecording() {
    header("trace end", nil)
    isRecording = false
    unsafe SerialPort.writesComments = false
  }

  mutating func releaseLate(
    _ range: AddressRange, _ release: (PageBlock) -> Void
  ) throws(BootMemoryError) -> UInt64 {
    try base.releaseLate(range, release)
  }
}
#endif
