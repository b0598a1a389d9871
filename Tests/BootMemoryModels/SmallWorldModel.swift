// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// What a world of a few pages is like, to the byte: which pages are free, where each node's search
/// goes on, where its last allocation ended, and which bytes have been handed out.
///
/// It is written from the rules of bootmem, as a list of pages that are looked at one by one, and
/// shares nothing with the allocator.  Bytes are counted in quarters of a page, as all calls of a
/// small world are.
package struct SmallWorldModel: Hashable {
  /// A quarter of a page.
  static let unit = PageFrame.byteCount / 4

  /// A node of 8 pages at most.
  struct Node: Hashable {
    let start: Int
    let end: Int
    /// Bit i stands for page start + i.
    var free: UInt8 = 0
    /// Bit i stands for quarter i of the node.
    var handedOut: UInt32 = 0
    var hint: Int
    /// In quarters from address 0; nil where the last one ended at a page border, or its page is
    /// not to be shared.
    var openEnd: Int?

    init(_ pages: Range<Int>) {
      start = pages.lowerBound
      end = pages.upperBound
      hint = start
    }

    func isFree(_ page: Int) -> Bool { free >> UInt8(page - start) & 1 != 0 }

    mutating func mark(_ page: Int, free isFree: Bool) {
      let bit: UInt8 = 1 << UInt8(page - start)
      if isFree {
        free |= bit
        handedOut &= ~(0xf << UInt32((page - start) * 4))
      } else {
        free &= ~bit
      }
      if let end = openEnd, end / 4 == page { openEnd = nil }
    }
  }

  /// Ascending.
  var nodes: [Node]

  init(_ spans: [Range<Int>]) {
    nodes = spans.map { Node($0) }
  }

  enum Outcome: Equatable {
    case done
    /// In quarters.
    case allocated(Int)
    case failed(BootMemoryError)
    /// The model itself is at odds: bytes were handed out twice.
    case handedOutTwice(Int)
  }

  /// Where a call may work: all nodes, or one.
  private func indices(_ node: Int?) -> [Int] { node.map { [$0] } ?? Array(nodes.indices) }

  /// The first of `pages` that is in none of the nodes.
  private func firstOutside(_ pages: Range<Int>, _ node: Int?) -> BootMemoryError? {
    for page in pages
    where !indices(node).contains(where: { nodes[$0].start <= page && page < nodes[$0].end }) {
      let page = PageFrame(UInt64(page))
      return .misuse(node.map { .outsideNode(page, NodeID($0)) } ?? .outsideNodes(page))
    }
    return nil
  }

  /// The pages of `pages` in each node that has any.
  private func parts(_ pages: Range<Int>, _ node: Int?) -> [(index: Int, pages: Range<Int>)] {
    indices(node).map { ($0, pages.clamped(to: nodes[$0].start..<nodes[$0].end)) }
      .filter { !$0.1.isEmpty }
  }

  mutating func free(_ range: Range<Int>, _ node: Int?) -> Outcome {
    let first = (range.lowerBound + 3) / 4
    let last = range.upperBound / 4
    guard first < last else {
      // Nothing is freed, but the search goes back, where both borders are in one node.
      for index in indices(node)
      where nodes[index].start <= min(first, last) && max(first, last) < nodes[index].end {
        nodes[index].hint = min(nodes[index].hint, first)
      }
      return .done
    }
    let pages = first..<last
    if let error = firstOutside(pages, node) { return .failed(error) }
    for (index, part) in parts(pages, node) {
      for page in part where nodes[index].isFree(page) {
        return .failed(.misuse(.alreadyFree(PageFrame(UInt64(page)))))
      }
    }
    for (index, part) in parts(pages, node) {
      for page in part { nodes[index].mark(page, free: true) }
      nodes[index].hint = min(nodes[index].hint, part.lowerBound)
    }
    return .done
  }

  mutating func reserve(_ range: Range<Int>, _ node: Int?, exclusively: Bool) -> Outcome {
    let pages = range.lowerBound / 4..<(range.upperBound + 3) / 4
    if range.isEmpty {
      // Inside a page it stands for that page; no misuse if the node has not got it.
      let page = pages.lowerBound
      let holder = indices(node).first { nodes[$0].start <= page && page < nodes[$0].end }
      if holder == nil { return .done }
    }
    if let error = firstOutside(pages, node) { return .failed(error) }
    if exclusively {
      var passed: [(index: Int, pages: Range<Int>)] = []
      for (index, part) in parts(pages, node) {
        passed.append((index, part))
        for page in part where !nodes[index].isFree(page) {
          for (index, part) in passed {
            nodes[index].hint = min(nodes[index].hint, part.lowerBound)
          }
          return .failed(.alreadyReserved(PageFrame(UInt64(page))))
        }
      }
    }
    for (index, part) in parts(pages, node) {
      for page in part { nodes[index].mark(page, free: false) }
    }
    return .done
  }

  /// An allocation; sizes and addresses in quarters, the alignment too, at least 1.
  package struct Request: Hashable {
    var size: Int
    var alignment = 1
    var goal = 0
    var limit: Int?
    var node: Int?
    var isForNodeOnly = false
  }

  mutating func allocate(_ request: Request) -> Outcome {
    var goal = request.goal
    if let limit = request.limit, goal + request.size > limit { goal = 0 }
    while true {
      if let node = request.node, let outcome = allocate(request, goal, on: node) {
        return outcome
      }
      if request.node == nil || !request.isForNodeOnly {
        for index in nodes.indices {
          if let limit = request.limit, nodes[index].start >= limit / 4 { break }
          if goal > 0 && nodes[index].end <= goal / 4 { continue }
          if let outcome = allocate(request, goal, on: index) { return outcome }
        }
      }
      if goal == 0 { break }
      goal = 0
    }
    return .failed(.outOfMemory(byteCount: UInt64(request.size) * Self.unit))
  }

  private mutating func allocate(_ request: Request, _ goal: Int, on index: Int) -> Outcome? {
    let node = nodes[index]
    let end = min(node.end, request.limit.map { $0 / 4 } ?? node.end)
    let pageCount = (request.size + 3) / 4
    func isAligned(_ page: Int) -> Bool { page * 4 % request.alignment == 0 }
    /// The lowest place from `page` on where all pages are free.
    func place(from page: Int) -> Int? {
      guard page < end else { return nil }
      return (page..<end).first { start in
        isAligned(start) && start + pageCount <= end
          && (start..<start + pageCount).allSatisfy { node.isFree($0) }
      }
    }
    let goalPage = goal / 4
    let begin = goalPage > node.start && goalPage < end ? goalPage : node.start
    guard let page = place(from: max(begin, node.hint)) ?? place(from: begin) else { return nil }
    var start = page * 4
    if let open = node.openEnd, open / 4 + 1 == page {
      start = (open + request.alignment - 1) / request.alignment * request.alignment
    }
    let stop = start + request.size
    for unit in start..<stop {
      let bit: UInt32 = 1 << UInt32(unit - node.start * 4)
      if nodes[index].handedOut & bit != 0 { return .handedOutTwice(unit) }
      nodes[index].handedOut |= bit
    }
    let endPage = (stop + 3) / 4
    if page < endPage {
      for page in page..<endPage { nodes[index].mark(page, free: false) }
    }
    nodes[index].openEnd = stop % 4 == 0 ? nil : stop
    nodes[index].hint = endPage
    return .allocated(start)
  }
}
