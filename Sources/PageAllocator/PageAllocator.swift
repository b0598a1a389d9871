// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Gives out the pages that boot memory leaves, in blocks of 2^order pages, and takes them back.
///
/// It works on boot memory's own bitmaps, see <doc:Frames>.  Nothing here is global, and nothing
/// allocates after the hand-over.  A call that throws has changed nothing.
///
/// Calls must not overlap in time: a kernel makes them under one lock.
@safe public struct PageAllocator: ~Copyable {
  package typealias NodePointer = UnsafeMutablePointer<PageNode>

  /// How strictly a request is bound to the node that it names.
  public enum NodePolicy: Equatable, Sendable {
    /// That node first, then the others in ascending order.
    case preferred

    /// That node and no other.
    case only
  }

  /// The largest order of a block: 4 MiB.
  public static var maximumOrder: Int { Int(bitPattern: PageTree.maximumOrder) }

  /// The storage of the nodes; the index is the node's number.
  let nodes: UnsafeMutableBufferPointer<PageNode>

  /// The node with the lowest pages.
  package private(set) var firstNode: NodePointer?

  /// The node that contained the page looked up last, at first the lowest; a node without pages if
  /// no node has any.
  private var recentNode: NodePointer

  /// Takes over the pages of boot memory: what is free there can be allocated from now on, and the
  /// rest stays reserved until it is released.
  ///
  /// What must be known besides the boot bitmap takes 1.06 bits a page (1.11 with words of 32
  /// bits), allocated from boot memory, on the node that it describes if possible.  No call can
  /// release that memory, nor the bitmap of a node that has pages.  Boot memory counts as handed
  /// over afterwards.
  ///
  /// - Parameters:
  ///   - memory: Boot memory.
  ///   - nodes: Storage for as many nodes as boot memory has room for, with any content; it must
  ///     stay in place.
  /// - Throws: ``PageAllocatorError/noRoom(byteCount:_:)``, and then boot memory stays in use;
  ///   ``PageAllocatorError/tooFewNodes(count:requiredCount:)``; ``PageAllocatorError/handedOver``;
  ///   ``PageAllocatorError/noPages``.
  /// - Complexity: O(storage + nodes²); a few words are written for each node.
  public init(
    takingOver memory: inout BootMemory, nodes: UnsafeMutableBufferPointer<PageNode>
  ) throws(PageAllocatorError) {
    guard let first = nodes.baseAddress, nodes.count >= memory.nodeCapacity else {
      throw .tooFewNodes(count: nodes.count, requiredCount: max(memory.nodeCapacity, 1))
    }
    guard !memory.isHandedOver else { throw .handedOver }
    guard Self.hasPages(memory) else { throw .noPages }
    unsafe nodes.initialize(repeating: PageNode())
    memory.reserveBitmaps(in: memory.bitmapsSpan)
    unsafe try Self.allocateTrees(of: nodes, from: &memory)
    unsafe self.nodes = unsafe nodes
    unsafe firstNode = nil
    unsafe recentNode = unsafe first
    takeOver(&memory)
  }

  /// Whether any node has pages; without one there would be no tree to look at.
  private static func hasPages(_ memory: borrowing BootMemory) -> Bool {
    var next = unsafe memory.firstNode
    while let node = unsafe next {
      if unsafe !node.pointee.span.isEmpty { return true }
      unsafe next = node.pointee.next
    }
    return false
  }

  /// Allocates the memory of every node's tree.
  private static func allocateTrees(
    of nodes: UnsafeMutableBufferPointer<PageNode>, from memory: inout BootMemory
  ) throws(PageAllocatorError) {
    var next = unsafe memory.firstNode
    while let bootNode = unsafe next {
      unsafe next = bootNode.pointee.next
      if unsafe bootNode.pointee.span.isEmpty { continue }
      let id = unsafe memory.id(of: bootNode)
      let byteCount = unsafe UInt64(PageTree.byteCount(for: bootNode.pointee.bitmap))
      let request = AllocationRequest(
        byteCount: byteCount, alignment: PageFrame.byteCount, goal: .preservingDMA, node: id,
        clearsMemory: false)
      guard let pages = allocatePages(request, from: &memory) else {
        unsafe freeTrees(of: nodes, in: &memory)
        throw .noRoom(byteCount: byteCount, id)
      }
      unsafe nodes[id.rawValue].treePages = pages
    }
  }

  /// Allocates pages that a pointer can point to; nil if there are none, and then nothing has
  /// changed.
  private static func allocatePages(
    _ request: AllocationRequest, from memory: inout BootMemory
  ) -> PageRange? {
    guard let address = try? memory.allocate(request) else { return nil }
    let pages = pages(of: request, at: address)
    if unsafe memory.pointer(to: address) != nil { return pages }
    // While these are held, boot memory allocates others.
    let other = try? memory.allocate(request)
    // Cannot fail: they have just been allocated.
    try? memory.free(pages)
    return other.map { Self.pages(of: request, at: $0) }
  }

  private static func pages(
    of request: AllocationRequest, at address: PhysicalAddress
  ) -> PageRange {
    let start = address.pageFrame
    // The allocation has that many pages.
    return PageRange(
      start: start, pageCount: PageFrame.pageCount(holdingByteCount: request.byteCount))
      ?? PageRange(emptyAt: start)
  }

  private static func freeTrees(
    of nodes: UnsafeMutableBufferPointer<PageNode>, in memory: inout BootMemory
  ) {
    for index in nodes.indices {
      let pages = unsafe nodes[index].treePages
      // Cannot fail: they have just been allocated.
      if !pages.isEmpty { try? memory.free(pages) }
    }
  }

  private mutating func takeOver(_ memory: inout BootMemory) {
    memory.isHandedOver = true
    memory.arePagesKept = true
    var next = unsafe memory.firstNode
    var last: NodePointer? = nil
    while let bootNode = unsafe next {
      unsafe next = bootNode.pointee.next
      let index = unsafe memory.id(of: bootNode).rawValue
      let pages = unsafe nodes[index].treePages
      guard !pages.isEmpty, let address = pages.start.firstAddress,
        let treeMemory = unsafe memory.pointer(to: address),
        let nodes = unsafe nodes.baseAddress
      else { continue }
      let node = unsafe nodes + index
      unsafe node.pointee.span = bootNode.pointee.span
      unsafe node.pointee.bitmapPages = bootNode.pointee.bitmapPages
      unsafe node.pointee.tree = PageTree(
        takingOver: bootNode.pointee.bitmap, memory: treeMemory)
      if let last = unsafe last {
        unsafe last.pointee.next = node
      } else {
        unsafe firstNode = node
        unsafe recentNode = node
      }
      unsafe last = node
    }
  }

  /// Allocates 2^`order` pages; the first page's number is divisible by 2^`order`.
  ///
  /// A block of up to 32 (16) pages comes from one word of the bitmap, 64 (32) pages: the lowest of
  /// the words whose largest free block is the smallest that is large enough.  Single pages come
  /// from the same word until it has no more.  A larger block is the one freed last, if that has
  /// this order, and otherwise the lowest of the smallest blocks that are large enough.  See
  /// <doc:Frames>.
  ///
  /// - Parameters:
  ///   - order: From 0 to 10.
  ///   - node: A node; nil for any, in ascending order.
  ///   - policy: Whether `node` is preferred or the only one.
  ///   - limit: The page frame that all pages must lie below.
  /// - Returns: The first page.
  /// - Throws: ``PageAllocatorError/outOfPages(order:)``,
  ///   ``PageAllocatorError/orderOutOfRange(_:)``, ``PageAllocatorError/noSuchNode(_:)``.
  /// - Complexity: O(levels + nodes); where memory is examined for the first time, an allocation
  ///   that could be served without it reads one group of words, and others read as many as it
  ///   takes.
  @_optimize(speed)
  public mutating func allocate(
    order: Int, on node: NodeID? = nil, policy: NodePolicy = .preferred,
    below limit: PageFrame = .end
  ) throws(PageAllocatorError) -> PageFrame {
    let first =
      if let node {
        // A larger block takes the slow path anyway.
        order < Self.wordOrder ? unsafe nodeWithPages(node) : nil
      } else {
        unsafe firstNode
      }
    if let first = unsafe first {
      if order == 0, let page = unsafe first.pointee.allocateSinglePage(below: limit) {
        return page
      }
      if order >= 0, order < Self.wordOrder,
        let page = unsafe first.pointee.allocateExactBlock(
          order: UInt(bitPattern: order), below: limit)
      {
        return page
      }
    }
    return try allocateBlock(order: order, on: node, policy: policy, below: limit)
  }

  /// Allocates a single page from the node with the lowest pages if one is ready; nil otherwise.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package func allocateSinglePage(below limit: PageFrame) -> PageFrame? {
    guard let node = unsafe firstNode else { return nil }
    return unsafe node.pointee.allocateSinglePage(below: limit)
  }

  /// The order of a block that is one whole word of a bitmap: smaller blocks are parts of words.
  package static var wordOrder: Int { Int(bitPattern: PageTreeLayout.wordOrder) }

  /// Allocates a block on the slow path, which can serve every call.
  package func allocateBlock(
    order: Int, on node: NodeID?, policy: NodePolicy, below limit: PageFrame
  ) throws(PageAllocatorError) -> PageFrame {
    guard order >= 0, order <= Self.maximumOrder else { throw .orderOutOfRange(order) }
    var named: NodePointer? = nil
    if let node {
      let first = unsafe try pointer(to: node)
      // A node that was never registered has no memory, and no tree.
      if unsafe !first.pointee.span.isEmpty,
        let page = unsafe first.pointee.allocateBlock(
          order: UInt(bitPattern: order), below: limit)
      {
        return page
      }
      guard policy == .preferred else { throw .outOfPages(order: order) }
      unsafe named = unsafe first
    }
    var next = unsafe firstNode
    while let node = unsafe next {
      if unsafe node != named,
        let page = unsafe node.pointee.allocateBlock(order: UInt(bitPattern: order), below: limit)
      {
        return page
      }
      unsafe next = node.pointee.next
    }
    throw .outOfPages(order: order)
  }

  /// Frees a block.
  ///
  /// - Parameters:
  ///   - page: Its first page.
  ///   - order: The order that it was allocated with.
  /// - Throws: ``PageAllocatorError/notAllocated(_:order:_:)`` for anything else, be it free,
  ///   reserved, inside a block, or a block of another order;
  ///   ``PageAllocatorError/orderOutOfRange(_:)``.
  /// - Complexity: O(levels + nodes).
  @_optimize(speed)
  public mutating func free(_ page: PageFrame, order: Int) throws(PageAllocatorError) {
    if order == 0 {
      switch freeSinglePage(page) {
      case .done: return
      case .begun: return finishFree(page)
      case .begunFirst: return finishFirstFree(page)
      case .refused: break
      }
    }
    try freeBlock(page, order: order)
  }

  /// Frees a page of the most recently used node, if it was allocated with order 0.
  ///
  /// It calls nothing, so that no registers need to be saved; ``finishFree(_:)`` and
  /// ``finishFirstFree(_:)`` do the rest.
  ///
  /// - Complexity: O(levels).
  @inline(__always)
  package func freeSinglePage(_ page: PageFrame) -> SingleFree {
    let node = unsafe recentNode
    // A page of the owned word lies in the span.
    if unsafe node.pointee.tree.freeOwned(UInt(clamping: page.number)) { return .done }
    guard unsafe node.pointee.span.contains(page) else { return .refused }
    return unsafe node.pointee.tree.freeSinglePage(Self.bit(of: page, in: node))
  }

  /// Completes what ``freeSinglePage(_:)`` began for this page.
  @inline(__always)
  package func finishFree(_ page: PageFrame) {
    let node = unsafe recentNode
    unsafe node.pointee.tree.finishFree(Self.bit(of: page, in: node))
  }

  /// Completes what ``freeSinglePage(_:)`` began for this page, the only free one of its word.
  @inline(__always)
  package func finishFirstFree(_ page: PageFrame) {
    let node = unsafe recentNode
    unsafe node.pointee.tree.finishFirstFree(Self.bit(of: page, in: node), order: 0)
  }

  /// Frees a block of the most recently used node.
  ///
  /// - Returns: Whether there was such a block; otherwise nothing has changed.
  /// - Complexity: O(levels).
  @inline(__always)
  package func freeOnRecentNode(_ page: PageFrame, order: Int) -> Bool {
    let node = unsafe recentNode
    guard order >= 0, order <= Self.maximumOrder, unsafe node.pointee.span.contains(page) else {
      return false
    }
    return unsafe node.pointee.tree.free(
      Self.bit(of: page, in: node), order: UInt(bitPattern: order))
  }

  /// Frees a block on the slow path, which can serve every call.
  package mutating func freeBlock(_ page: PageFrame, order: Int) throws(PageAllocatorError) {
    guard order >= 0, order <= Self.maximumOrder else { throw .orderOutOfRange(order) }
    guard let node = unsafe self.node(containing: page) else {
      throw .notAllocated(page, order: order, .outsideNodes)
    }
    let bit = unsafe Self.bit(of: page, in: node)
    guard unsafe node.pointee.tree.free(bit, order: UInt(bitPattern: order)) else {
      throw unsafe .notAllocated(page, order: order, finding(bit, in: node))
    }
  }

  /// The tree's bit number for a page in the node's span.
  static func bit(of page: PageFrame, in node: NodePointer) -> UInt {
    // The span does not begin below the tree's first page.
    UInt(truncatingIfNeeded: page.number) &- (unsafe node.pointee.tree.firstPageNumber)
  }

  func finding(_ bit: UInt, in node: NodePointer) -> PageFinding {
    switch unsafe node.pointee.tree.find(bit) {
    case .free: .free
    case .reserved: unsafe ownFinding(of: node.pointee.page(ofBit: bit)) ?? .reserved
    case .insideBlock: .insideBlock
    case .run(let count):
      unsafe finding(bit, count, in: node)
    }
  }

  /// The finding for an allocated run; one that could be a block is reported as a block.
  private func finding(_ bit: UInt, _ count: UInt, in node: NodePointer) -> PageFinding {
    let order = PageTree.order(holding: count)
    let isBlock = count == 1 &<< order && order <= PageTree.maximumOrder && bit & (count &- 1) == 0
    return isBlock ? .block(order: Int(bitPattern: order)) : .run(pageCount: UInt64(count))
  }

  /// Frees pages that have been reserved since boot: what the kernel needed only to get here, such
  /// as boot allocations, init code, and modules that it has read.
  ///
  /// - Parameters:
  ///   - pages: Pages of one node or of several; each must be reserved, and hold neither a bitmap
  ///     nor a tree.
  /// - Throws: ``PageAllocatorError/notReleasable(_:_:)`` with the first page that cannot be
  ///   released, and what it is; then none has been released.
  /// - Complexity: O(words + nodes).
  public mutating func release(_ pages: PageRange) throws(PageAllocatorError) {
    let own = ownFinding(in: pages)
    let others = PageRange(pages.start..<(own?.page ?? pages.end))
    var page = others.start
    while page < others.end {
      guard let node = unsafe self.node(containing: page),
        let part = unsafe node.pointee.span.intersection(others)
      else { throw .notReleasable(page, .outsideNodes) }
      let found = unsafe node.pointee.tree.firstNotReserved(
        from: node.pointee.bit(of: page), to: node.pointee.bit(of: part.end))
      if let found {
        throw unsafe .notReleasable(
          node.pointee.page(ofBit: found), finding(found, in: node))
      }
      page = part.end
    }
    if let own { throw .notReleasable(own.page, own.finding) }
    page = pages.start
    while page < pages.end, let node = unsafe self.node(containing: page),
      let part = unsafe node.pointee.span.intersection(pages)
    {
      unsafe node.pointee.tree.release(
        from: node.pointee.bit(of: page), to: node.pointee.bit(of: part.end))
      page = part.end
    }
  }

  /// Which bitmap or tree a page holds; nil if it holds none.
  private func ownFinding(of page: PageFrame) -> PageFinding? {
    ownFinding(in: PageRange(page...page))?.finding
  }

  /// A page that holds a bitmap or a tree, and which one.
  private typealias OwnPage = (page: PageFrame, finding: PageFinding)

  /// The first of these pages that holds a bitmap or a tree; nil if none does.
  private func ownFinding(in pages: PageRange) -> OwnPage? {
    var found: OwnPage?
    var rest = pages
    var next = unsafe firstNode
    while let node = unsafe next, let first = unsafe nodes.baseAddress {
      let id = unsafe NodeID(node - first)
      Self.find(unsafe node.pointee.bitmapPages, .bitmap(id), in: &rest, &found)
      Self.find(unsafe node.pointee.treePages, .tree(id), in: &rest, &found)
      unsafe next = node.pointee.next
    }
    return found
  }

  /// Notes the first page of `own` in `rest`, if there is one, and ends `rest` before it.
  private static func find(
    _ own: PageRange, _ finding: PageFinding, in rest: inout PageRange, _ found: inout OwnPage?
  ) {
    guard let part = own.intersection(rest) else { return }
    found = (part.start, finding)
    rest = PageRange(rest.start..<part.start)
  }

  /// What is free on a node.
  ///
  /// - Throws: ``PageAllocatorError/noSuchNode(_:)``.
  /// - Complexity: O(words) of what is partly free.
  public mutating func statistics(
    of id: NodeID
  ) throws(PageAllocatorError) -> PageStatistics {
    let node = unsafe try pointer(to: id)
    var statistics = PageStatistics()
    guard unsafe !node.pointee.span.isEmpty else { return statistics }
    unsafe node.pointee.tree.countFreeBlocks { order, count in
      statistics.add(count, blocksOfOrder: order)
    }
    return statistics
  }

  /// The page frames that a node spans; empty if there is no such node.
  public func span(of id: NodeID) -> PageRange {
    guard let node = unsafe try? pointer(to: id) else { return PageRange(emptyAt: PageFrame(0)) }
    return unsafe node.pointee.span
  }

  /// The node with that number; nil if there is none, or it has no pages.
  package func nodeWithPages(_ id: NodeID) -> NodePointer? {
    guard let node = unsafe node(id), unsafe !node.pointee.span.isEmpty else { return nil }
    return unsafe node
  }

  /// The page frame after the last one of all nodes.
  package var end: PageFrame {
    var end = PageFrame(0)
    var next = unsafe firstNode
    while let node = unsafe next {
      // The nodes ascend, so the last one decides.
      end = unsafe node.pointee.span.end
      unsafe next = node.pointee.next
    }
    return end
  }

  func pointer(to id: NodeID) throws(PageAllocatorError) -> NodePointer {
    guard let node = unsafe node(id) else { throw .noSuchNode(id) }
    return unsafe node
  }

  /// The node with that number; nil if there is none.
  private func node(_ id: NodeID) -> NodePointer? {
    guard id.rawValue >= 0, id.rawValue < (unsafe nodes.count) else { return nil }
    // There is a first element, since there is this one.
    return unsafe nodes.baseAddress.unsafelyUnwrapped + id.rawValue
  }

  /// The node that contains `page`.
  @inline(__always)
  mutating func node(containing page: PageFrame) -> NodePointer? {
    if unsafe recentNode.pointee.span.contains(page) { return unsafe recentNode }
    return unsafe otherNode(containing: page)
  }

  private mutating func otherNode(containing page: PageFrame) -> NodePointer? {
    var next = unsafe firstNode
    while let node = unsafe next {
      if unsafe node.pointee.span.contains(page) {
        unsafe recentNode = unsafe node
        return unsafe node
      }
      unsafe next = node.pointee.next
    }
    return nil
  }
}
