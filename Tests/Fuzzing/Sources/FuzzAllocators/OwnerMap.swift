// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import PhysicalMemory

/// Who has each page and, in pages that allocations share, each byte: what the allocator under test
/// is judged by.
///
/// It knows what is promised of every call, not how a place is chosen.
struct OwnerMap {
  /// A node that has been registered.
  struct Node {
    let id: NodeID
    let pages: Range<UInt64>
    /// The pages that hold the bitmap; none where it lies elsewhere.
    let bitmapPages: Range<UInt64>
    var free = PageRuns()
    /// Where the last allocation ended inside a page that another one may share; the bytes below are
    /// somebody's.
    var openEnd: UInt64?

    /// Makes pages free or reserved, and ends the sharing of a page that is among them.
    mutating func mark(_ pages: Range<UInt64>, free isFree: Bool) {
      if isFree { free.insert(pages) } else { free.remove(pages) }
      if let end = openEnd, pages.contains(end >> PageFrame.byteCountShift) { openEnd = nil }
    }
  }

  /// In ascending order.
  private(set) var nodes: [Node] = []
  let nodeCapacity: Int
  let endPage: UInt64
  let keepsBitmapsReserved: Bool
  var mappedEnd: UInt64?
  var isHandedOver = false

  init(nodeCapacity: Int, endPage: UInt64, keepsBitmapsReserved: Bool) {
    self.nodeCapacity = nodeCapacity
    self.endPage = endPage
    self.keepsBitmapsReserved = keepsBitmapsReserved
  }

  private func isNumber(_ node: NodeID) -> Bool { (0..<nodeCapacity).contains(node.rawValue) }

  // MARK: Registering

  /// Whether a node can be registered; what is wrong with its bitmap's memory is not asked here.
  func refusal(ofNode id: NodeID, _ pages: Range<UInt64>) -> BootMemoryError? {
    guard isNumber(id) else { return .misuse(.noSuchNode(id)) }
    if isHandedOver { return .handedOver }
    if nodes.contains(where: { $0.id == id }) { return .misuse(.nodeAlreadyRegistered(id)) }
    guard pages.upperBound <= endPage else {
      return .misuse(
        .beyondAddressSpace(
          PageFrame(pages.lowerBound).firstAddress ?? PhysicalAddress(.max)))
    }
    return nil
  }

  /// The nodes that share pages with a node to be, or whose bitmap does with its bitmap.
  func overlaps(_ pages: Range<UInt64>, bitmapPages: Range<UInt64>) -> [BootMemoryError] {
    var errors: [BootMemoryError] = []
    for node in nodes {
      if node.bitmapPages.overlaps(bitmapPages) {
        errors.append(.misuse(.bitmapOverlaps(PageRange(bitmapPages), node.id)))
      }
      if node.pages.upperBound > pages.lowerBound && node.pages.lowerBound < pages.upperBound {
        errors.append(.misuse(.nodeOverlaps(PageRange(pages), node.id)))
      }
    }
    return errors
  }

  mutating func register(_ id: NodeID, _ pages: Range<UInt64>, bitmapPages: Range<UInt64>) {
    // Of nodes with one start those without pages come first.
    let index =
      nodes.firstIndex {
        ($0.pages.lowerBound, $0.pages.upperBound) > (pages.lowerBound, pages.upperBound)
      } ?? nodes.count
    nodes.insert(Node(id: id, pages: pages, bitmapPages: bitmapPages), at: index)
    if keepsBitmapsReserved { mark(bitmapPages, free: false) }
  }

  /// Makes the part of `pages` that lies in nodes free or reserved.
  private mutating func mark(_ pages: Range<UInt64>, free: Bool, on node: NodeID? = nil) {
    for index in nodes.indices where node == nil || node == nodes[index].id {
      let part = pages.clamped(to: nodes[index].pages)
      if !part.isEmpty { nodes[index].mark(part, free: free) }
    }
  }

  // MARK: Freeing and reserving

  /// The error for pages that are not all in nodes, or in the one that is named.
  private func outside(_ pages: Range<UInt64>, _ node: NodeID?) -> BootMemoryError? {
    var covered = pages.lowerBound
    for candidate in nodes where node == nil || candidate.id == node {
      if candidate.pages.contains(covered) { covered = candidate.pages.upperBound }
    }
    guard covered < pages.upperBound else { return nil }
    let page = PageFrame(covered)
    return .misuse(node.map { .outsideNode(page, $0) } ?? .outsideNodes(page))
  }

  /// What is to be thrown for a free of these whole pages; without an error they are free now.
  mutating func free(_ pages: Range<UInt64>, _ node: NodeID?) -> BootMemoryError? {
    if let node, !isNumber(node) { return .misuse(.noSuchNode(node)) }
    guard !pages.isEmpty else { return nil }
    if let error = outside(pages, node) { return error }
    // Ascending, so the lowest page is found first.
    for candidate in nodes where node == nil || candidate.id == node {
      if let page = candidate.free.first(in: pages) {
        return .misuse(.alreadyFree(PageFrame(page)))
      }
    }
    mark(pages, free: true, on: node)
    if keepsBitmapsReserved {
      for owner in nodes where owner.bitmapPages.overlaps(pages) {
        mark(owner.bitmapPages.clamped(to: pages), free: false)
      }
    }
    return nil
  }

  /// What is to be thrown for a reserve of these pages; without an error they are reserved now.
  mutating func reserve(
    _ pages: Range<UInt64>, _ node: NodeID?, exclusively: Bool
  ) -> BootMemoryError? {
    if let node, !isNumber(node) { return .misuse(.noSuchNode(node)) }
    if let error = outside(pages, node) { return error }
    if exclusively {
      for candidate in nodes where node == nil || candidate.id == node {
        let part = pages.clamped(to: candidate.pages)
        if let page = candidate.free.firstGap(in: part) {
          let holder = nodes.first { $0.bitmapPages.contains(page) }
          return holder.map { .bitmapReserved(PageFrame(page), $0.id) }
            ?? .alreadyReserved(PageFrame(page))
        }
      }
    }
    mark(pages, free: false, on: node)
    return nil
  }

  /// Whether a range without bytes, inside `page`, stands for that page.
  func takesNotice(ofPage page: UInt64, _ node: NodeID?) -> Bool {
    guard let holder = nodes.first(where: { $0.pages.contains(page) }) else { return false }
    return node.map { $0 == holder.id || !isNumber($0) } ?? true
  }

  // MARK: Allocating

  /// A request with the platform's figures in it.
  struct Request {
    var byteCount: UInt64
    var alignment: UInt64
    var goal: UInt64
    var limit: UInt64?
    var node: NodeID?
    var policy: AllocationRequest.NodePolicy

    /// Whole free pages that it takes.
    var pageCount: UInt64 { PageFrame.pageCount(holdingByteCount: byteCount) }

    func end(from address: UInt64) -> UInt64? {
      let (end, overflow) = address.addingReportingOverflow(byteCount)
      // The last byte may be that of the address space.
      return overflow ? (end == 0 ? .max : nil) : end
    }
  }

  /// What is thrown for a request whatever is free.
  func refusal(of request: Request) -> BootMemoryError? {
    if isHandedOver { return .handedOver }
    if request.byteCount == 0 { return .misuse(.zeroByteCount) }
    if !request.alignment.isPowerOfTwo {
      return .misuse(.alignmentNotPowerOfTwo(request.alignment))
    }
    if let node = request.node, !isNumber(node) { return .misuse(.noSuchNode(node)) }
    return nil
  }

  /// The page from which on nothing may be allocated.
  private func limitPage(of request: Request) -> UInt64 {
    let limit = request.limit.map { $0 >> PageFrame.byteCountShift } ?? .max
    return min(limit, mappedEnd.map { $0 >> PageFrame.byteCountShift } ?? .max)
  }

  /// The goal, 0 where it is none or dropped since the size reaches beyond the limit from it.
  private func goal(of request: Request) -> UInt64 {
    for limit in [request.limit, mappedEnd] {
      guard let limit else { continue }
      let (end, overflow) = request.goal.addingReportingOverflow(request.byteCount)
      if overflow || end > limit { return 0 }
    }
    return request.goal
  }

  /// Whether free pages of a node fit, none of them below `lowest`.
  private func fits(_ request: Request, in node: Node, from lowest: UInt64 = 0) -> Bool {
    let limit = limitPage(of: request)
    let step = max(request.alignment >> PageFrame.byteCountShift, 1)
    for run in node.free.runs {
      let end = min(run.upperBound, limit)
      let begin = max(run.lowerBound, lowest)
      guard let start = begin.roundedUp(toMultipleOf: step), start <= end else { continue }
      if end - start >= request.pageCount { return true }
    }
    return false
  }

  /// Judges a failure, which is allowed only where nothing fits.
  func judgeFailure(_ request: Request) {
    for node in nodes
    where request.policy != .only || request.node == nil || request.node == node.id {
      judge(!fits(request, in: node), "\(request) failed, but node \(node.id) has room")
    }
  }

  /// Judges a result, and gives its bytes away.
  mutating func allocate(_ address: UInt64, for request: Request) {
    judge(address % request.alignment == 0, "\(address) for \(request) is not aligned")
    guard let end = request.end(from: address) else {
      return judge(false, "\(address) for \(request) wraps around")
    }
    let page = address >> PageFrame.byteCountShift
    // Of the last byte, as there may be no address behind it.
    let endPage = (address + (request.byteCount - 1)) >> PageFrame.byteCountShift + 1
    judge(endPage <= limitPage(of: request), "\(address) for \(request) is above the limit")
    guard let index = nodes.firstIndex(where: { $0.pages.contains(page) }) else {
      return judge(false, "\(address) for \(request) is in no node")
    }
    let node = nodes[index]
    judge(endPage <= node.pages.upperBound, "\(address) for \(request) leaves its node")
    judgeNode(node, request)
    judgeGoal(page, request)
    // The first page may be shared with the last allocation.
    let isShared = node.openEnd.map { $0 >> PageFrame.byteCountShift == page } ?? false
    if isShared, let open = node.openEnd {
      judge(address >= open, "\(address) for \(request) is in bytes handed out up to \(open)")
    }
    let pages = (isShared ? page + 1 : page)..<endPage
    if let taken = node.free.firstGap(in: pages) {
      judge(false, "\(address) for \(request) has page \(taken), which is not free")
    }
    nodes[index].mark(pages, free: false)
    nodes[index].openEnd = end & (PageFrame.byteCount - 1) == 0 || end == .max ? nil : end
  }

  private func judgeNode(_ node: Node, _ request: Request) {
    guard let wanted = request.node, wanted != node.id else { return }
    judge(request.policy != .only, "\(request) came from node \(node.id)")
    if goal(of: request) == 0, let named = nodes.first(where: { $0.id == wanted }) {
      judge(!fits(request, in: named), "\(request) came from node \(node.id), not from its own")
    }
  }

  /// Where there is room at or above a goal it is taken, or up to a page below where one is shared.
  private func judgeGoal(_ page: UInt64, _ request: Request) {
    let goalPage = goal(of: request) >> PageFrame.byteCountShift
    guard goalPage > 0, request.node == nil, page + 1 < goalPage else { return }
    for node in nodes {
      judge(
        !fits(request, in: node, from: goalPage), "\(page) for \(request), which has room above")
    }
  }
}
