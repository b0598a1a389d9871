// SPDX-License-Identifier: MIT
import BootMemory
import FuzzKit
import PageAllocator
import PhysicalMemory

/// Calls of the page allocator that the input names, legal and hostile, each judged by a map of who
/// has each page.
@safe struct PagesTarget: ~Copyable {
  private enum Owner: Equatable {
    case nobody
    case free
    case reserved
    /// The allocator's own, which stays reserved.
    case own(PageFinding)
    case block(order: Int)
    case insideBlock

    var isFree: Bool { if case .free = self { true } else { false } }

    /// What a free of the page is refused with.
    var finding: PageFinding {
      switch self {
      case .nobody: .outsideNodes
      case .free: .free
      case .reserved: .reserved
      case .own(let finding): finding
      case .block(let order): .block(order: order)
      case .insideBlock: .insideBlock
      }
    }
  }

  private static let nodeCapacity = 4
  private static let pageCount = 4096
  private static let storage = HostStorage(
    memoryByteCount: pageCount * Int(PageFrame.byteCount), largeBitmapByteCount: 1 << 12,
    nodeCapacity: nodeCapacity)
  private static let pageNodes = PageNodes(capacity: nodeCapacity)

  private var pages: PageAllocator
  private var owners: [Owner]
  private let spans: [Range<Int>]
  private var recentPage = 0

  static func run(_ input: inout FuzzInput) {
    var spans: [Range<Int>] = []
    var start = Int(input.byte())
    for _ in 0...input.number(upTo: 2) {
      let count = 1 + Int(input.number(UInt16.self)) % 1024
      spans.append(start..<start + count)
      start += count + (input.oneIn(2) ? 0 : Int(input.byte()))
    }
    var platform = BootMemoryPlatform()
    platform.directMapOffset = unsafe UInt(bitPattern: storage.memory.baseAddress)
    unsafe platform.clear = { _, _, _ in }
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    var owners = [Owner](repeating: .nobody, count: Self.pageCount)
    for (index, span) in spans.enumerated() {
      let range = Self.range(span)
      let bitmap = span.lowerBound + Int(input.byte()) % span.count
      let bitmapPageCount = Int(BootMemory.bitmapPageCount(forPageCount: range.pageCount))
      judge(bitmap + bitmapPageCount <= Self.pageCount, "the world is too small")
      do throws(BootMemoryError) {
        try memory.registerNode(
          NodeID(index), spanning: range, bitmapAt: PageFrame(UInt64(bitmap)))
      } catch {
        // A bitmap that reaches into the next node may be in the way of that one's.
        return
      }
      try! memory.free(range)
      for _ in 0..<input.number(upTo: 5) {
        let first = span.lowerBound + Int(input.number(UInt16.self)) % span.count
        let end = min(first + 1 + Int(input.byte()), span.upperBound)
        try! memory.reserve(Self.range(first..<end))
      }
    }
    for (index, span) in spans.enumerated() {
      for page in span { owners[page] = .reserved }
      var run = memory.nextFreeRun(on: NodeID(index))
      while let free = run {
        for page in free.numbers { owners[Int(page)] = .free }
        run = memory.nextFreeRun(on: NodeID(index), from: free.end)
      }
    }
    do throws(PageAllocatorError) {
      let pages = unsafe try PageAllocator(takingOver: &memory, nodes: pageNodes.nodes)
      for index in spans.indices {
        for page in unsafe storage.nodes[index].bitmapPages.numbers {
          owners[Int(page)] = .own(.bitmap(NodeID(index)))
        }
      }
      for index in spans.indices {
        for page in unsafe pageNodes.nodes[index].treePages.numbers {
          judge(owners[Int(page)] == .free, "a tree lies in page \(page): \(owners[Int(page)])")
          owners[Int(page)] = .own(.tree(NodeID(index)))
        }
      }
      var target = PagesTarget(pages: pages, owners: owners, spans: spans)
      target.makeCalls(&input)
    } catch {
      guard case .noRoom = error else { return judge(false, "taking over threw \(error)") }
    }
  }

  private init(pages: consuming PageAllocator, owners: [Owner], spans: [Range<Int>]) {
    self.pages = pages
    self.owners = owners
    self.spans = spans
  }

  private static func range(_ pages: Range<Int>) -> PageRange {
    PageRange(UInt64(pages.lowerBound)..<UInt64(pages.upperBound))
  }

  private mutating func makeCalls(_ input: inout FuzzInput) {
    judgeStatistics()
    while !input.isAtEnd {
      switch input.number(upTo: 15) {
      case 0..<7: allocate(&input)
      case 7..<14: free(&input)
      case 14: release(&input)
      default: judgeStatistics()
      }
    }
    judgeStatistics()
  }

  private func page(_ input: inout FuzzInput) -> Int {
    if input.oneIn(2) { return (recentPage + input.number(upTo: 63)) % Self.pageCount }
    return Int(input.number(UInt16.self)) % Self.pageCount
  }

  private func isFree(_ page: Int, order: Int) -> Bool {
    page + 1 << order <= Self.pageCount
      && owners[page..<page + 1 << order].allSatisfy(\.isFree)
  }

  /// Whether a node has a free block of this order below a page.
  private func hasBlock(_ order: Int, node: Int, below limit: Int) -> Bool {
    let span = spans[node]
    let size = 1 << order
    var page = (span.lowerBound + size - 1) & ~(size - 1)
    while page + size <= min(span.upperBound, limit) {
      if isFree(page, order: order) { return true }
      page += size
    }
    return false
  }

  private mutating func allocate(_ input: inout FuzzInput) {
    let order = input.oneIn(40) ? Int(input.byte()) - 5 : input.number(upTo: 10)
    let node = input.oneIn(2) ? input.number(upTo: Self.nodeCapacity) : nil
    let policy: PageAllocator.NodePolicy = input.oneIn(2) ? .only : .preferred
    let limit = input.oneIn(3) ? page(&input) : Self.pageCount
    var text: String { "allocate \(order) on \(node as Any) \(policy) below \(limit)" }
    var searched = Array(spans.indices)
    if let node {
      searched.removeAll { $0 == node }
      if policy == .only { searched = [] }
      if spans.indices.contains(node) { searched.insert(node, at: 0) }
    }
    do throws(PageAllocatorError) {
      let found = try pages.allocate(
        order: order, on: node.map { NodeID($0) }, policy: policy,
        below: PageFrame(UInt64(limit)))
      let first = Int(found.number)
      note("\(text): \(first)")
      judge(first & (1 << order - 1) == 0, "\(text) gave \(first)")
      judge(first + 1 << order <= limit, "\(text) gave \(first)")
      judge(isFree(first, order: order), "\(text) gave \(first), which is not free")
      let holder = spans.firstIndex { $0.contains(first) }!
      judge(searched.contains(holder), "\(text) gave \(first) of node \(holder)")
      if let node, node != holder, spans.indices.contains(node) {
        judge(!hasBlock(order, node: node, below: limit), "\(text) gave \(first) of another node")
      }
      for page in first..<first + 1 << order { owners[page] = .insideBlock }
      owners[first] = .block(order: order)
      recentPage = first
    } catch {
      note("\(text): \(error)")
      switch error {
      case .orderOutOfRange(order): judge(!(0...10).contains(order), "\(text): \(error)")
      case .noSuchNode: judge(node == Self.nodeCapacity, "\(text): \(error)")
      case .outOfPages(order):
        for node in searched {
          judge(!hasBlock(order, node: node, below: limit), "\(text) failed, node \(node) has one")
        }
      default: judge(false, "\(text): \(error)")
      }
    }
  }

  private mutating func free(_ input: inout FuzzInput) {
    var page = page(&input)
    // Mostly a block.
    if !input.oneIn(3) {
      let next = owners[page...].firstIndex { if case .block = $0 { true } else { false } }
      page = next ?? page
    }
    var order = input.number(upTo: 10)
    if case .block(let own) = owners[page], !input.oneIn(4) { order = own }
    var text: String { "free \(page) \(order)" }
    note(text)
    do throws(PageAllocatorError) {
      try pages.free(PageFrame(UInt64(page)), order: order)
      judge(owners[page] == .block(order: order), "\(text) of \(owners[page]) was not refused")
      for page in page..<page + 1 << order { owners[page] = .free }
    } catch {
      let expected = PageAllocatorError.notAllocated(
        PageFrame(UInt64(page)), order: order, owners[page].finding)
      judge(error == expected, "\(text) threw \(error), not \(expected)")
      judge(owners[page] != .block(order: order), "\(text) threw \(error)")
    }
  }

  private mutating func release(_ input: inout FuzzInput) {
    let first = page(&input)
    let range = first..<min(first + Int(input.byte()), Self.pageCount)
    let wrong = range.first { owners[$0] != .reserved }
    note("release \(range)")
    do throws(PageAllocatorError) {
      try pages.release(Self.range(range))
      judge(wrong == nil, "release \(range) with \(wrong!) was not refused")
      for page in range { owners[page] = .free }
    } catch {
      let expected = wrong.map {
        PageAllocatorError.notReleasable(PageFrame(UInt64($0)), owners[$0].finding)
      }
      judge(error == expected, "release \(range) threw \(error), not \(expected as Any)")
    }
  }

  /// The free blocks of each order are those that the map has.
  private mutating func judgeStatistics() {
    for (index, span) in spans.enumerated() {
      var counts = [UInt64](repeating: 0, count: 11)
      var page = span.lowerBound
      while page < span.upperBound {
        guard owners[page].isFree else {
          page += 1
          continue
        }
        let end = owners[page..<span.upperBound].firstIndex { !$0.isFree } ?? span.upperBound
        // Each block of the run is as large as its place and the rest of the run allow.
        while page < end {
          let order = min(
            page.trailingZeroBitCount, Int.bitWidth - 1 - (end - page).leadingZeroBitCount, 10)
          counts[order] += 1
          page += 1 << order
        }
      }
      do throws(PageAllocatorError) {
        let statistics = try pages.statistics(of: NodeID(index))
        for order in 0...10 {
          let count = statistics.freeBlockCount(ofOrder: order)
          judge(
            count == counts[order],
            "node \(index) has \(count) blocks of order \(order), not \(counts[order])")
        }
      } catch {
        judge(false, "statistics threw \(error)")
      }
    }
  }
}
