// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import BootMemoryTrace
import MemoryMap
import MemoryReports
import PhysicalMemory
import TraceReplay

/// Boot memory that is set up on a machine that does not exist, and writes down the calls as a
/// trace, each with the owner of what it reserves.
struct SetUpRecorder: NodeRegistering, ~Copyable {
  private var memory: BootMemory
  private let arena: Arena
  private let storage: NodeStorage
  private var usedByteCount = 0
  private let holders: [OwnedRange]
  private let width: AddressWidth
  private var lines = ""

  /// The bitmaps that were registered, which are reserved too.
  private var bitmaps: [(start: PageFrame, id: NodeID)] = []

  /// - Throws: That the machine is too large for the module's memory.
  init(width: AddressWidth, holders: [OwnedRange], mapEnd: PageFrame) throws(Refusal) {
    self.width = width
    self.holders = holders
    // Nodes do not overlap, but each may have a word of its own at both ends of each level.
    let byteCount =
      BootMemory.bitmapByteCount(forPageCount: mapEnd.number)
      + BootMemory.bitmapByteCount(forPageCount: 1 << 16) * UInt64(Session.nodeCapacity)
    guard let size = Int(exactly: byteCount), let arena = Arena(byteCount: size) else {
      throw Refusal(
        "too large for this page: memory up to \(sizeText(mapEnd.number << 12)) needs "
          + "\(sizeText(byteCount)) of bitmaps")
    }
    self.arena = arena
    storage = NodeStorage(count: Session.nodeCapacity)
    memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: storage.nodes)
  }

  var nodeCapacity: Int { memory.nodeCapacity }

  func node(_ id: NodeID) -> BootMemoryNode? { memory.node(id) }

  func bitmapPageCount(forPageCount pageCount: UInt64) -> UInt64 {
    BootMemory.bitmapPageCount(forPageCount: pageCount, addressWidth: width)
  }

  mutating func registerNode(
    _ id: NodeID, spanning span: PageRange, bitmapAt bitmapStart: PageFrame
  ) throws(BootMemoryError) -> UInt64 {
    let rest = unsafe UnsafeMutableRawBufferPointer(
      start: arena.start + usedByteCount, count: arena.byteCount - usedByteCount)
    let byteCount = unsafe try memory.registerNode(id, spanning: span, bitmap: rest)
    // The buffer had room for the bitmap; the next one is aligned for a pointer.
    usedByteCount += (Int(byteCount) + 15) & ~15
    write(
      .registerNode, [UInt64(id.rawValue), bitmapStart.number, span.start.number, span.end.number],
      note: "")
    bitmaps.append((bitmapStart, id))
    return byteCount
  }

  mutating func free(_ pages: PageRange, on node: NodeID?) throws(BootMemoryError) {
    try memory.free(pages, on: node)
    write(pages, .free, .freeOnNode, node, [], note: "usable")
  }

  mutating func reserve(
    _ pages: PageRange, on node: NodeID?, exclusively: Bool
  ) throws(BootMemoryError) {
    try memory.reserve(pages, on: node, exclusively: exclusively)
    let bitmap = bitmaps.first { pages.contains($0.start) }
    let holder =
      bitmap.map { "bitmap of node \($0.id.rawValue)" }
      ?? holders.first { $0.range.touchedPages.overlaps(pages) }?.name ?? ""
    write(pages, .reserve, .reserveOnNode, node, [exclusively ? 1 : 0], note: holder)
  }

  private mutating func write(
    _ pages: PageRange, _ call: TraceCall, _ nodeCall: TraceCall, _ node: NodeID?,
    _ flags: [UInt64], note: String
  ) {
    // All pages of a machine have addresses.
    guard let range = AddressRange(pages) else { return }
    let place = [range.start.rawValue, range.byteCount] + flags
    if let node {
      write(nodeCall, [UInt64(node.rawValue)] + place, note: note)
    } else {
      write(call, place, note: note)
    }
  }

  private mutating func write(_ call: TraceCall, _ arguments: [UInt64], note: String) {
    let words = arguments.map { String($0, radix: 16) }.joined(separator: " ")
    // The result of the call is known only when it is made.
    lines += "\(call.name) \(words) -> ?\(note.isEmpty ? "" : " # \(note)")\n"
  }

  /// The trace.
  var text: String {
    let isNarrow = width == .bits32
    return "word \(isNarrow ? "20" : "40")\npage_shift c\nlow_limit ffffffff\n"
      + "max_dma32_pfn \(isNarrow ? "0" : "100000")\n" + lines
  }
}
