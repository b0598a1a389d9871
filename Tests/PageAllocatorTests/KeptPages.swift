import BootMemory
import BootMemoryTrace
import PageAllocator
import PhysicalMemory

/// A page allocator with the storage that it works in; physical memory is an arena.
struct KeptPages: ~Copyable {
  var pages: PageAllocator
  private let bootStorage: NodeStorage
  private let storage: PageNodeStorage
  private let arenas: [Arena]

  /// Nodes with spans whose pages are free, but for `reserved`.
  ///
  /// - Parameters:
  ///   - spans: The spans; the index is the node's number.
  ///   - reserved: Pages to reserve.
  ///   - filling: What all memory is filled with before.
  init(
    _ spans: [Range<UInt64>], reserved: [Range<UInt64>] = [], filling: UInt8 = 0xa5,
    nodeCapacity: Int = 8
  ) throws(PageAllocatorError) {
    let end = spans.map(\.upperBound).max() ?? 0
    let memoryArena = Arena(byteCount: Int(end) << 12)!
    var arenas = [memoryArena]
    var platform = BootMemoryPlatform()
    unsafe platform.directMapOffset = UInt(bitPattern: memoryArena.start)
    let bootStorage = NodeStorage(count: 8)
    var memory = unsafe BootMemory(platform: platform, nodes: bootStorage.nodes)
    for (index, span) in spans.enumerated() {
      let byteCount = Int(BootMemory.bitmapByteCount(forPageCount: UInt64(span.count)))
      let arena = Arena(byteCount: byteCount)!
      if byteCount < 1 << 20 {
        unsafe arena.start.initializeMemory(as: UInt8.self, repeating: filling, count: byteCount)
      }
      arenas.append(arena)
      unsafe try! memory.registerNode(
        NodeID(index), spanning: range(span),
        bitmap: UnsafeMutableRawBufferPointer(start: arena.start, count: byteCount))
      if !span.isEmpty { try! memory.free(range(span)) }
    }
    for pages in reserved { try! memory.reserve(range(pages), exclusively: false) }
    // Trees lie in memory of any content.
    for span in spans where span.count < 1 << 16 {
      unsafe (memoryArena.start + Int(span.lowerBound) << 12).initializeMemory(
        as: UInt8.self, repeating: filling, count: min(span.count << 12, 1 << 16))
    }
    let storage = PageNodeStorage(count: nodeCapacity)
    self.bootStorage = bootStorage
    self.storage = storage
    self.arenas = arenas
    pages = unsafe try PageAllocator(takingOver: &memory, nodes: storage.nodes)
  }

  mutating func allocate(
    _ order: Int, on node: Int? = nil, policy: PageAllocator.NodePolicy = .preferred,
    below limit: Int? = nil
  ) throws(PageAllocatorError) -> Int {
    let limit = limit.map { PageFrame(UInt64($0)) } ?? .end
    let page = try pages.allocate(
      order: order, on: node.map { NodeID($0) }, policy: policy, below: limit)
    return Int(page.number)
  }

  mutating func free(_ page: Int, _ order: Int) throws(PageAllocatorError) {
    try pages.free(PageFrame(UInt64(page)), order: order)
  }

  mutating func release(_ pages: Range<UInt64>) throws(PageAllocatorError) {
    try self.pages.release(range(pages))
  }

  mutating func statistics(_ node: Int = 0) -> (pages: UInt64, blocks: [UInt64]) {
    let found = try! pages.statistics(of: NodeID(node))
    return (found.freePageCount, (0...10).map { found.freeBlockCount(ofOrder: $0) })
  }

  /// Which pages are free, reserved or taken; what the hand-over took of itself is reserved.
  mutating func ownerMap(_ spans: [Range<UInt64>]) -> OwnerMap {
    var nodes: [OwnerMap.Node] = []
    for (index, span) in spans.enumerated() {
      let owners = span.map { page in
        var finding: PageFinding?
        do throws(PageAllocatorError) {
          try free(Int(page), 0)
        } catch {
          if case .notAllocated(_, _, let found) = error { finding = found }
        }
        return finding == .free ? OwnerMap.Owner.free : .reserved
      }
      nodes.append(OwnerMap.Node(id: index, start: Int(span.lowerBound), owners: owners))
    }
    return OwnerMap(nodes: nodes.sorted { $0.start < $1.start })
  }
}

/// Storage for nodes on the host's heap.
@safe private final class PageNodeStorage {
  let nodes: UnsafeMutableBufferPointer<PageNode>

  init(count: Int) {
    unsafe nodes = .allocate(capacity: count)
  }

  deinit { unsafe nodes.deallocate() }
}

func range(_ range: Range<UInt64>) -> PageRange {
  PageRange(start: PageFrame(range.lowerBound), end: PageFrame(range.upperBound))!
}
