// SPDX-License-Identifier: MIT
import BootMemoryTrace
import BootMemory
import PhysicalMemory
import TextOutput

/// Makes the calls of a trace and reports their results.
///
/// Memory itself is not touched, apart from the bitmaps, which lie in an arena of the host: so a
/// trace may span any number of terabytes.
public final class TraceReplayer {
  /// A call whose result differs from the trace's.
  public struct Difference: Equatable, CustomStringConvertible, Sendable {
    /// The call, with the result that it had when the trace was made.
    public var operation: Trace.Operation
    /// The result now.
    public var result: String

    /// Both results, with the line of the call.
    public var description: String {
      "line \(operation.line): \(operation.text) -> \(result), but the trace has "
        + operation.result
    }
  }

  /// The allocator, as it is after the calls so far.
  public var memory: BootMemory

  /// Where the bitmaps lie, no matter where the trace has them.
  private enum BitmapPlace {
    /// In memory after all nodes, the next one at `next`, as a kernel's bitmaps lie in memory.
    case behindNodes(Arena, first: UInt64, next: UInt64)
    /// Each in an arena of its own, at no address of the memory.
    case outside([Arena])
  }

  /// Why the last call was refused; nil if it was not.
  public private(set) var refusal: BootMemoryError?

  private let header: Trace.Header
  /// Memory of the machine that is mapped; nil if none is.
  private let mappedArena: Arena?
  private let nodeStorage = NodeStorage(count: 64)
  private var bitmapPlace = BitmapPlace.outside([])
  /// The first page and the size of each node's bitmap in Linux.
  private var linuxBitmaps: [Int: (first: UInt64, byteCount: UInt64)] = [:]
  private var limits: (minimum: UInt64, maximum: UInt64) = (0, 0)

  /// Prepares a replay on a machine with these figures, of calls that are not known yet.
  ///
  /// The bitmaps lie outside of the memory.
  ///
  /// - Parameters:
  ///   - header: The figures.
  ///   - mapped: Real memory for a part of the machine's, and the first page that it stands for, so
  ///     that a page allocator and a heap can work in it after the calls; nil for none.
  public init(_ header: Trace.Header, mapping mapped: (arena: Arena, start: PageFrame)? = nil) {
    self.header = header
    mappedArena = mapped?.arena
    var platform = Self.platform(header)
    if let mapped {
      // Wrapping around is how a direct map may lie below the addresses that it maps.
      platform.directMapOffset =
        unsafe UInt(bitPattern: mapped.arena.start)
        &- UInt(truncatingIfNeeded: mapped.start.number) << PageFrame.byteCountShift
    }
    memory = unsafe BootMemory(platform: platform, nodes: nodeStorage.nodes)
  }

  /// Prepares the replay of `trace`.
  ///
  /// The bitmaps lie in memory after all nodes, unless the nodes leave no address for them.
  ///
  /// - Throws: An error with the line of the last node, if the host does not have enough address
  ///   space for the bitmaps.
  public init(_ trace: Trace) throws(TraceError) {
    header = trace.header
    mappedArena = nil
    var bitmapByteCount = 0
    var end: UInt64 = 1
    var line = 1
    for operation in trace.operations {
      // A node beyond all addresses is refused, and needs no bitmap.
      guard let span = operation.span, span.end <= PageFrame.end else { continue }
      end = max(end, span.end.number)
      line = operation.line
      let (sum, overflow) = bitmapByteCount.addingReportingOverflow(
        Self.bitmapByteCount(for: span))
      bitmapByteCount = overflow ? .max : sum
    }
    guard let arena = Arena(byteCount: bitmapByteCount) else {
      throw TraceError(
        line: line,
        message: "too large: the nodes up to here need \(bitmapByteCount) bytes of bitmaps or "
          + "more, for which this machine has no addresses")
    }
    var platform = Self.platform(header)
    // The arena has less than 2^63 bytes, so 2^51 pages, and `end` is at most 2^52.
    let bitmapPageCount = UInt64(bitmapByteCount) >> PageFrame.byteCountShift
    if end + bitmapPageCount <= platform.addressWidth.endPageFrame.number {
      bitmapPlace = .behindNodes(arena, first: end, next: end)
      let bitmaps = UInt(end << PageFrame.byteCountShift)
      platform.directMapOffset = unsafe UInt(bitPattern: arena.start) &- bitmaps
    }
    memory = unsafe BootMemory(platform: platform, nodes: nodeStorage.nodes)
  }

  private static func platform(_ header: Trace.Header) -> BootMemoryPlatform {
    var platform = BootMemoryPlatform()
    platform.addressWidth = header.wordBitCount == 32 ? .bits32 : .bits64
    // In a trace, as in Linux, 0 is none.
    let limit = header.lowAddressLimit
    platform.lowAddressLimit = limit == 0 ? nil : PhysicalAddress(limit)
    let border = header.maxDMA32PageFrameNumber
    platform.maxDMA32PageFrame = border == 0 ? nil : PageFrame(border)
    return platform
  }

  /// Makes all calls.
  ///
  /// - Returns: The first difference; nil if every result is that of the trace.
  /// - Throws: An error with the line of a node for whose bitmap the host does not have enough
  ///   address space.
  public func run(_ trace: Trace) throws(TraceError) -> Difference? {
    for operation in trace.operations {
      if let difference = try run(operation) { return difference }
    }
    return nil
  }

  /// Makes one call.
  ///
  /// - Returns: nil if its result is that of the trace.
  /// - Throws: An error if the host does not have enough address space for the node's bitmap; then
  ///   the call is not made.
  public func run(_ operation: Trace.Operation) throws(TraceError) -> Difference? {
    let result = try result(of: operation)
    return agrees(result, with: operation)
      ? nil : Difference(operation: operation, result: result)
  }

  /// Whether a call that ended with `result` ended as in the trace.
  public func agrees(_ result: String, with operation: Trace.Operation) -> Bool {
    if result == operation.result { return true }
    // A bitmap with summaries may be a little larger than Linux's, here and where the trace was
    // made.
    if let sizes = sizes(of: operation), let size = UInt64(result, radix: 16),
      let tracedSize = UInt64(operation.result, radix: 16), sizes.contains(size),
      sizes.contains(tracedSize)
    {
      return true
    }
    return false
  }

  /// The sizes that a bitmap may have: those from Linux's own to 8 % and two pages above; nil for a
  /// call whose result is not one.
  private func sizes(of operation: Trace.Operation) -> ClosedRange<UInt64>? {
    let smallest: UInt64
    let page: UInt64
    if operation.call == .bitmapPageCount {
      guard operation.arguments[0] <= PageFrame.end.number else { return nil }
      smallest = PageFrame.pageCount(
        holdingByteCount: flatByteCount(forPageCount: operation.arguments[0]))
      page = 1
    } else {
      guard let span = operation.span, span.end <= PageFrame.end else { return nil }
      smallest = flatByteCount(forPageCount: span.pageCount)
      page = PageFrame.byteCount
    }
    return smallest...(smallest + smallest / 100 * 8 + smallest % 100 * 8 / 100 + 2 * page)
  }

  /// The size of Linux's bitmap.
  private func flatByteCount(forPageCount pageCount: UInt64) -> UInt64 {
    LinuxBitmap(pageCount: pageCount, wordBitCount: header.wordBitCount).byteCount
  }

  /// Makes one call.
  ///
  /// - Returns: Its result, as a trace has it.
  /// - Throws: As ``run(_:)-(Trace.Operation)``.
  public func result(of operation: Trace.Operation) throws(TraceError) -> String {
    refusal = nil
    do throws(BootMemoryError) {
      return try perform(operation)
    } catch {
      refusal = error
      if case .outside = bitmapPlace,
        case .misuse(.bitmapTooSmall(_, let requiredByteCount)) = error
      {
        throw TraceError(
          line: operation.line,
          message: "too large: the node needs \(requiredByteCount) bytes of bitmap, for which this "
            + "machine has no addresses")
      }
      return "\(operation.call.answer(to: error))"
    }
  }

  private func perform(_ operation: Trace.Operation) throws(BootMemoryError) -> String {
    let arguments = operation.arguments
    switch operation.call {
    case .registerNode, .registerOnlyNode:
      return try register(operation)
    case .pageFrameLimits:
      return "\(String(limits.minimum, radix: 16)) \(String(limits.maximum, radix: 16))"
    case .bitmapPageCount:
      guard arguments[0] <= PageFrame.end.number else { return "BUG" }
      return String(BootMemory.bitmapPageCount(forPageCount: arguments[0]), radix: 16)
    case .free:
      try memory.free(range(arguments[0], arguments[1]))
      return "ok"
    case .freeOnNode:
      try memory.free(range(arguments[1], arguments[2]), on: operation.node)
      return "ok"
    case .reserve:
      try memory.reserve(range(arguments[0], arguments[1]), exclusively: arguments[2] & 1 == 1)
      return "0"
    case .reserveOnNode:
      try memory.reserve(
        range(arguments[1], arguments[2]), on: operation.node,
        exclusively: arguments[3] & 1 == 1)
      return "0"
    case .checkpoint:
      return checksum(of: operation.node)
    case .handOver:
      return try handOver()
    case .releaseLate:
      return try releaseLate(range(arguments[0], arguments[1]))
    case .allocate, .allocateOrFail, .allocateLow, .allocateLowOrFail, .allocateBelow,
      .allocateOnNode, .allocateOnNodeOrFail, .allocateOnNodeBelow, .allocateOnNodeHigh,
      .allocateOnNodeHighBelow, .allocateOnNodeLow:
      return String(try memory.allocate(request(operation)).rawValue, radix: 16)
    }
  }

  private func range(
    _ start: UInt64, _ byteCount: UInt64
  ) throws(BootMemoryError) -> AddressRange {
    guard let range = AddressRange(start: PhysicalAddress(start), byteCount: byteCount) else {
      throw .misuse(.beyondAddressSpace(PhysicalAddress(start)))
    }
    return range
  }

  private func request(_ operation: Trace.Operation) -> AllocationRequest {
    let arguments = operation.argumentsBehindNode
    var request = AllocationRequest(
      byteCount: arguments[0], alignment: arguments[1],
      goal: .address(PhysicalAddress(arguments[2])), clearsMemory: false)
    if operation.call.namesNode { request.node = operation.node }
    if operation.call.isHigh { request.nodePolicy = .high }
    if operation.call.isLow { request.limit = .low }
    if arguments.count > 3, arguments[3] != 0 {
      request.limit = .address(PhysicalAddress(arguments[3]))
    }
    return request
  }

  private func register(_ operation: Trace.Operation) throws(BootMemoryError) -> String {
    let isNodeNamed = operation.call == .registerNode
    let id = operation.node
    let mapPage = operation.arguments[isNodeNamed ? 1 : 0]
    guard let span = operation.span else { return "BUG" }
    let byteCount: UInt64
    switch bitmapPlace {
    case .behindNodes(let arena, let first, let next):
      byteCount = try memory.registerNode(id, spanning: span, bitmapAt: PageFrame(next))
      bitmapPlace = .behindNodes(
        arena, first: first, next: next + PageFrame.pageCount(holdingByteCount: byteCount))
    case .outside(let arenas):
      // The call itself says what is wrong with a node for which there can be no arena.
      let isPossible = span.end <= PageFrame.end
      let arena = isPossible ? Arena(byteCount: Self.bitmapByteCount(for: span)) : nil
      let none = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
      byteCount = unsafe try memory.registerNode(id, spanning: span, bitmap: arena?.bytes ?? none)
      bitmapPlace = .outside(arenas + (arena.map { [$0] } ?? []))
    }
    linuxBitmaps[id.rawValue] = (mapPage, flatByteCount(forPageCount: span.pageCount))
    if !isNodeNamed { limits = (mapPage, span.pageCount) }
    return String(byteCount, radix: 16)
  }

  /// The size of a node's bitmap, in whole pages.
  private static func bitmapByteCount(for span: PageRange) -> Int {
    // At most 2^52 bits with their summaries, far below 2^63 bytes.
    Int(BootMemory.bitmapPageCount(forPageCount: span.pageCount) << PageFrame.byteCountShift)
  }

  private func checksum(of node: NodeID) -> String {
    guard linuxBitmaps[node.rawValue] != nil, let pages = memory.node(node)?.span else {
      return "no such node"
    }
    var sink = StringSink()
    LinuxBitmap(pageCount: pages.pageCount, wordBitCount: header.wordBitCount)
      .writeSums(of: node, in: memory, to: &sink)
    return sink.text
  }

  private func handOver() throws(BootMemoryError) -> String {
    var blocks = LinuxBlocks(wordBitCount: header.wordBitCount)
    // As in Linux, each bitmap follows the blocks of its node, once, at Linux's place and with its
    // size; the nodes are in ascending order.
    var nodes =
      memory.isHandedOver
      ? [] : linuxBitmaps.keys.sorted { (start(of: $0), $0) < (start(of: $1), $1) }[...]
    func addBitmaps(before node: Int?) {
      while let next = nodes.first, next != node {
        nodes.removeFirst()
        guard let bitmap = linuxBitmaps[next] else { continue }
        blocks.addPages(
          from: bitmap.first, count: PageFrame.pageCount(holdingByteCount: bitmap.byteCount))
      }
    }
    var firstBitmapPage = UInt64.max
    if case .behindNodes(_, let first, _) = bitmapPlace { firstBitmapPage = first }
    if !memory.isHandedOver { reserveLinuxBitmaps() }
    try memory.handOver(maximumOrder: 10) { block in
      // Bitmaps that lie in memory are handed over too, and left out here.
      guard block.first.number < firstBitmapPage,
        let pages = PageRange(start: block.first, pageCount: block.pageCount)
      else { return }
      addBitmaps(before: block.node.rawValue)
      blocks.add(pages, of: block.node)
    }
    addBitmaps(before: nil)
    return Self.text(of: &blocks)
  }

  /// Reserves the places of Linux's bitmaps that are free, as boot memory does with its own, so
  /// that each of their pages is handed over once.
  private func reserveLinuxBitmaps() {
    for bitmap in linuxBitmaps.values {
      let pageCount = PageFrame.pageCount(holdingByteCount: bitmap.byteCount)
      guard let pages = PageRange(start: PageFrame(bitmap.first), pageCount: pageCount) else {
        continue
      }
      for number in linuxBitmaps.keys {
        guard let node = memory.node(NodeID(number)), let part = node.span.intersection(pages)
        else { continue }
        try? memory.reserve(part, on: NodeID(number))
      }
    }
  }

  /// The first page of a registered node.
  private func start(of node: Int) -> PageFrame {
    memory.node(NodeID(node))?.span.start ?? PageFrame(0)
  }

  private func releaseLate(_ range: AddressRange) throws(BootMemoryError) -> String {
    var blocks = LinuxBlocks(wordBitCount: header.wordBitCount)
    try memory.releaseLate(range) { block in
      blocks.addPages(from: block.first.number, count: block.pageCount)
    }
    return Self.text(of: &blocks)
  }

  private static func text(of blocks: inout LinuxBlocks) -> String {
    var sink = StringSink()
    blocks.write(to: &sink)
    return sink.text
  }
}
