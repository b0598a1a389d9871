// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Gives out the pages that boot memory leaves, in blocks of 2^order pages, and takes them back.
///
/// It works on the very bitmaps of boot memory, see <doc:Frames>.  Nothing here is global, and
/// nothing allocates after the hand-over.  A call that throws has changed nothing.
///
/// Calls must not overlap in time: a kernel makes them under one lock.
@safe public struct PageAllocator: ~Copyable {
  package typealias NodePointer = UnsafeMutablePointer<PageNode>

  /// What a node that is asked for means.
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

  /// The node whose page was freed last; one without pages where there is no node.
  private var recentNode: NodePointer

  /// Takes over the pages of boot memory: what is free there can be allocated from now on, and the
  /// rest stays reserved until it is released.
  ///
  /// The memory for what must be known beside the boot bitmap, 1.06 bits a page (1.11 with words of
  /// 32 bits), is allocated from boot memory, on the node that it describes if possible.  Neither
  /// that nor the bitmap of a node that has pages can be released, by whatever call.  Boot memory has
  /// been handed over then.
  ///
  /// - Parameters:
  ///   - memory: Boot memory.
  ///   - nodes: Storage for as many nodes as boot memory has, of any content; it must stay in
  ///   place.
  /// - Throws: ``PageAllocatorError/noRoom(byteCount:_:)`` and boot memory stays in use;
  ///   ``PageAllocatorError/tooFewNodes(count:requiredCount:)``;
  ///   ``PageAllocatorError/handedOver``; ``PageAllocatorError/noPages``.
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

  /// Allocates pages that a pointer can lead to; nil where there are none, and then nothing has changed.
  private static func allocatePages(
    _ request: AllocationRequest, from memory: inout BootMemory
  ) -> PageRange? {
    guard let address = try? memory.allocate(request) else { return nil }
    let pages = pages(of: request, at: address)
    if unsafe memory.pointer(to: address) != nil { return pages }
    // While those are held, boot memory gives others.
    let other = try? memory.allocate(request)
    // They have just been allocated.
    try? memory.free(pages)
    return other.map { Self.pages(of: request, at: $0) }
  }

  private static func pages(
    of request: AllocationRequest, at address: PhysicalAddress
  ) -> PageRange {
    let start = address.pageFrame
    // The allocation has that many.
    return PageRange(
      start: start, pageCount: PageFrame.pageCount(holdingByteCount: request.byteCount))
      ?? PageRange(emptyAt: start)
  }

  private static func freeTrees(
    of nodes: UnsafeMutableBufferPointer<PageNode>, in memory: inout BootMemory
  ) {
    for index in nodes.indices {
      let pages = unsafe nodes[index].treePages
      // They have just been allocated.
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

  /// Allocates 2^`order` pages, the first with a number divisible by that.
  ///
  /// A block of up to 32 (16) pages comes from a word of the bitmap, 64 (32) pages: of the words
  /// whose largest free block is the smallest that will do, the lowest.  Single pages come from the
  /// same word until it has no more.  A larger block is the one freed last, if that has this order,
  /// or else the smallest that will do, and of those the lowest.  See <doc:Frames>.
  ///
  /// - Parameters:
  ///   - order: From 0 to 10.
  ///   - node: A node; nil for any, in ascending order.
  ///   - policy: What the node means.
  ///   - limit: The page frame that all pages must lie below.
  /// - Returns: The first page.
  /// - Throws: ``PageAllocatorError/outOfPages(order:)``,
  ///   ``PageAllocatorError/orderOutOfRange(_:)``, ``PageAllocatorError/noSuchNode(_:)``.
  /// - Complexity: O(levels + nodes); where memory is seen for the first time, one group of words
  ///   is read for each allocation that could be served without, and as many as it takes for
  ///   others.
  @_optimize(speed)
  public mutating func allocate(
    order: Int, on node: NodeID? = nil, policy: NodePolicy = .preferred,
    below limit: PageFrame = .end
  ) throws(PageAllocatorError) -> PageFrame {
    let first =
      if let node {
        // A larger block takes the long way anyhow.
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

  /// Allocates a page where the next one of the node with the lowest pages lies ready; nil where it
  /// does not.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  package func allocateSinglePage(below limit: PageFrame) -> PageFrame? {
    guard let node = unsafe firstNode else { return nil }
    return unsafe node.pointee.allocateSinglePage(below: limit)
  }

  /// The smallest order of a block that lies in no word of a bitmap.
  package static var wordOrder: Int { Int(bitPattern: PageTreeLayout.wordOrder) }

  /// Allocates a block the long way, which every call can take.
  package func allocateBlock(
    order: Int, on node: NodeID?, policy: NodePolicy, below limit: PageFrame
  ) throws(PageAllocatorError) -> PageFrame {
    guard order >= 0, order <= Self.maximumOrder else { throw .orderOutOfRange(order) }
    var named: NodePointer? = nil
    if let node {
      let first = unsafe try pointer(to: node)
      // One that was never registered has no memory, and no tree.
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
  ///   - order: Its order, the same as it was allocated with.
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

  /// Frees a page on the node of the last one, if it was allocated with order 0.
  ///
  /// It calls nothing, and so needs no registers to be saved; ``finishFree(_:)`` and
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

  /// Ends what ``freeSinglePage(_:)`` has begun with the same page.
  @inline(__always)
  package func finishFree(_ page: PageFrame) {
    let node = unsafe recentNode
    unsafe node.pointee.tree.finishFree(Self.bit(of: page, in: node))
  }

  /// Ends what it has begun with the first free page of a word.
  @inline(__always)
  package func finishFirstFree(_ page: PageFrame) {
    let node = unsafe recentNode
    unsafe node.pointee.tree.finishFirstFree(Self.bit(of: page, in: node), order: 0)
  }

  /// Frees a block on the node of the last one.
  ///
  /// - Returns: Whether there was such a block; nothing has changed otherwise.
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

  /// Frees a block the long way, which every call can take.
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

  /// The tree's number of a page of the node's span.
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

  /// A run that could be a block is called one.
  private func finding(_ bit: UInt, _ count: UInt, in node: NodePointer) -> PageFinding {
    let order = PageTree.order(holding: count)
    let isBlock = count == 1 &<< order && order <= PageTree.maximumOrder && bit & (count &- 1) == 0
    return isBlock ? .block(order: Int(bitPattern: order)) : .run(pageCount: UInt64(count))
  }

  /// Makes pages free that have been reserved since boot: what the kernel needed only to get here,
  /// such as boot allocations, init code, and modules that it has read.
  ///
  /// - Parameters:
  ///   - pages: Pages of one node or of several; each must be reserved, and not have a bitmap or a
  ///   tree.
  /// - Throws: ``PageAllocatorError/notReleasable(_:_:)`` with the first page that cannot be, and
  ///   what it is; none has been released then.
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

  /// Which bitmap or tree a page has; nil if it has none.
  private func ownFinding(of page: PageFrame) -> PageFinding? {
    ownFinding(in: PageRange(page...page))?.finding
  }

  /// A page that has a bitmap or a tree, and which.
  private typealias OwnPage = (page: PageFrame, finding: PageFinding)

  /// The first of these pages that has a bitmap or a tree; nil if none has.
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

  /// Takes the first page of `own` in `rest`, which then ends before it.
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
  /// - Complexity: O(words) of what is free in part.
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

  /// The page frames that a node spans; none where there is no such node.
  public func span(of id: NodeID) -> PageRange {
    guard let node = unsafe try? pointer(to: id) else { return PageRange(emptyAt: PageFrame(0)) }
    return unsafe node.pointee.span
  }

  /// The node with that number; nil if there is none, or it has no pages.
  package func nodeWithPages(_ id: NodeID) -> NodePointer? {
    guard let node = unsafe node(id), unsafe !node.pointee.span.isEmpty else { return nil }
    return unsafe node
  }

  /// The page frame after the last of all nodes.
  package var end: PageFrame {
    var end = PageFrame(0)
    var next = unsafe firstNode
    while let node = unsafe next {
      // They ascend.
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

  /// The node that has `page`.
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
