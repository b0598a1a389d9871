// SPDX-License-Identifier: MIT
import BitmapTestSupport
import BootMemory
import PhysicalMemory

/// Boot memory as the specification describes it, in the plainest way: the reference for random
/// tests.  It shares no code with the allocator under test.
final class FlatBootMemory {
  final class Node {
    let id: Int
    let start: Int
    let end: Int
    private(set) var free = FreeRuns()
    var hint: Int
    var lastEnd: UInt64 = 0

    init(id: Int, start: Int, end: Int) {
      self.id = id
      self.start = start
      self.end = end
      hint = start
    }

    func first(free: Bool, in pages: Range<Int>) -> Int? {
      self.free.first(free: free, in: pages)
    }

    func set(_ pages: Range<Int>, free: Bool) {
      self.free.set(pages, free: free)
      if lastEnd % pageByteCount != 0, pages.contains(Int(lastEnd / pageByteCount)) { lastEnd = 0 }
    }
  }

  enum Outcome: Equatable {
    case done
    case address(UInt64)
    case failed(BootMemoryError)

    static func misuse(_ misuse: BootMemoryMisuse) -> Outcome { .failed(.misuse(misuse)) }
  }

  /// Where memory begins that no 32-bit device reaches.
  static let maxDMA32PageNumber: UInt64 = (1 << 32) / pageByteCount

  /// In ascending order of start.
  let nodes: [Node]
  let endOfAddresses: Int
  /// For how many nodes there is storage.
  let nodeCapacity: Int
  /// What every allocation must lie below.
  var mappedEnd: UInt64?

  init(nodes: [Node], endOfAddresses: Int, nodeCapacity: Int) {
    self.nodes = nodes.sorted { $0.start < $1.start }
    self.endOfAddresses = endOfAddresses
    self.nodeCapacity = nodeCapacity
  }

  /// The nodes with the parts of `pages` in them, up to the first page that lies in none, or not in
  /// the node that is named.
  private func parts(_ pages: Range<Int>, node: Int?) -> (parts: [(Node, Range<Int>)], end: Int) {
    var parts: [(Node, Range<Int>)] = []
    var covered = pages.lowerBound
    for candidate in nodes where node == nil || candidate.id == node {
      let part = pages.clamped(to: candidate.start..<candidate.end)
      if part.isEmpty { continue }
      guard part.lowerBound == covered else { break }
      covered = part.upperBound
      parts.append((candidate, part))
    }
    return (parts, covered)
  }

  /// The misuse that pages are which are not all in a node, or in the one that is named.
  private func outside(_ page: Int, node: Int?) -> Outcome {
    let page = PageFrame(UInt64(page))
    return .misuse(node.map { .outsideNode(page, NodeID($0)) } ?? .outsideNodes(page))
  }

  /// Whole pages, of which there may be none: then nothing happens.
  func free(pages: Range<Int>, node: Int?) -> Outcome {
    guard pages.upperBound <= endOfAddresses else {
      return .misuse(.beyondAddressSpace(PhysicalAddress(UInt64(pages.lowerBound) << pageShift)))
    }
    if pages.isEmpty { return .done }
    if let node, node >= nodeCapacity { return .misuse(.noSuchNode(NodeID(node))) }
    let (parts, end) = parts(pages, node: node)
    guard end == pages.upperBound else { return outside(end, node: node) }
    for (node, part) in parts {
      guard let page = node.first(free: true, in: part) else { continue }
      return .misuse(.alreadyFree(PageFrame(UInt64(page))))
    }
    for (node, part) in parts {
      node.set(part, free: true)
      node.hint = min(node.hint, part.lowerBound)
    }
    return .done
  }

  func free(start: UInt64, byteCount: UInt64, node: Int?) -> Outcome {
    let end = start + byteCount
    guard Int((end + (pageByteCount - 1)) / pageByteCount) <= endOfAddresses else {
      return .misuse(.beyondAddressSpace(PhysicalAddress(start)))
    }
    let first = Int((start + (pageByteCount - 1)) / pageByteCount)
    let last = Int(end / pageByteCount)
    if first < last { return free(pages: first..<last, node: node) }
    if let node, node >= nodeCapacity { return .misuse(.noSuchNode(NodeID(node))) }
    for candidate in nodes where node == nil || candidate.id == node {
      let span = candidate.start..<candidate.end
      if span.contains(first) && span.contains(last) {
        candidate.hint = min(candidate.hint, first)
      }
    }
    return .done
  }

  func reserve(pages: Range<Int>, node: Int?, exclusively: Bool) -> Outcome {
    guard pages.upperBound <= endOfAddresses else {
      return .misuse(.beyondAddressSpace(PhysicalAddress(UInt64(pages.lowerBound) << pageShift)))
    }
    if pages.isEmpty { return .done }
    if let node, node >= nodeCapacity { return .misuse(.noSuchNode(NodeID(node))) }
    let (parts, end) = parts(pages, node: node)
    guard end == pages.upperBound else { return outside(end, node: node) }
    if exclusively {
      for (index, (node, part)) in parts.enumerated() {
        guard let page = node.first(free: false, in: part) else { continue }
        for (node, part) in parts[...index] { node.hint = min(node.hint, part.lowerBound) }
        return .failed(.alreadyReserved(PageFrame(UInt64(page))))
      }
    }
    for (node, part) in parts { node.set(part, free: false) }
    return .done
  }

  func reserve(start: UInt64, byteCount: UInt64, node: Int?, exclusively: Bool) -> Outcome {
    let end = start + byteCount
    guard Int((end + (pageByteCount - 1)) / pageByteCount) <= endOfAddresses else {
      return .misuse(.beyondAddressSpace(PhysicalAddress(start)))
    }
    let pages = Int(start / pageByteCount)..<Int((end + (pageByteCount - 1)) / pageByteCount)
    if byteCount == 0 {
      // Of a range without bytes only the node that has its page takes notice.
      let holder = nodes.first { ($0.start..<$0.end).contains(pages.lowerBound) }
      guard let holder, node == nil || node == holder.id || node! >= nodeCapacity else {
        return .done
      }
    }
    return reserve(pages: pages, node: node, exclusively: exclusively)
  }

  struct Request {
    var byteCount: UInt64
    var alignment: UInt64
    var goal: UInt64
    /// nil for none.
    var limit: UInt64?
    var node: Int?
    var policy = AllocationRequest.NodePolicy.preferred
  }

  func allocate(_ request: Request) -> Outcome {
    guard request.byteCount > 0 else { return .misuse(.zeroByteCount) }
    guard request.alignment & (request.alignment &- 1) == 0 else {
      return .misuse(.alignmentNotPowerOfTwo(request.alignment))
    }
    if let node = request.node, node >= nodeCapacity { return .misuse(.noSuchNode(NodeID(node))) }
    var request = request
    if request.alignment == 0 { request.alignment = 64 }
    if let limit = request.limit, request.goal + request.byteCount > limit { request.goal = 0 }
    if let mappedEnd, mappedEnd / pageByteCount < (request.limit ?? .max) / pageByteCount {
      if request.goal + request.byteCount > mappedEnd { request.goal = 0 }
      request.limit = mappedEnd
    }
    if let id = request.node {
      let node = nodes.first { $0.id == id }
      let border = Int(Self.maxDMA32PageNumber)
      if let node, request.policy == .high, node.end > border + Int((128 << 20) / pageByteCount),
        request.goal / pageByteCount < UInt64(border)
      {
        var high = request
        high.goal = UInt64(border) * pageByteCount
        if let address = allocate(high, in: node) { return .address(address) }
      }
      for goal in request.goal == 0 ? [0] : [request.goal, 0] {
        request.goal = goal
        if let node, let address = allocate(request, in: node) { return .address(address) }
        if request.policy != .only, let address = allocateAnywhere(request) {
          return .address(address)
        }
      }
    } else {
      for goal in request.goal == 0 ? [0] : [request.goal, 0] {
        request.goal = goal
        if let address = allocateAnywhere(request) { return .address(address) }
      }
    }
    return .failed(.outOfMemory(byteCount: request.byteCount))
  }

  private func allocateAnywhere(_ request: Request) -> UInt64? {
    for node in nodes {
      if request.goal > 0 && UInt64(node.end) <= request.goal / pageByteCount { continue }
      if let limit = request.limit, UInt64(node.start) >= limit / pageByteCount { break }
      if let address = allocate(request, in: node) { return address }
    }
    return nil
  }

  private func allocate(_ request: Request, in node: Node) -> UInt64? {
    var end = node.end
    if let limit = request.limit { end = Int(min(UInt64(end), limit / pageByteCount)) }
    guard node.start < end else { return nil }
    let step = Int(max(request.alignment / pageByteCount, 1))
    func align(_ page: Int) -> Int { (page + step - 1) / step * step }
    let goal = Int(request.goal / pageByteCount)
    let begin = align(goal > node.start && goal < end ? goal : node.start)
    let count =
      Int(request.byteCount / pageByteCount) + (request.byteCount % pageByteCount == 0 ? 0 : 1)
    func run(from begin: Int) -> Int? {
      var page = begin
      while page < end, end - page >= count {
        guard let free = node.first(free: true, in: page..<end) else { return nil }
        page = align(free)
        guard page < end, end - page >= count else { return nil }
        guard let reserved = node.first(free: false, in: page..<page + count) else { return page }
        page = reserved + 1
      }
      return nil
    }
    var found: Int?
    if node.hint > begin {
      found = run(from: align(node.hint)) ?? run(from: begin)
    } else {
      found = run(from: begin)
    }
    guard let found else { return nil }
    var address = UInt64(found) * pageByteCount
    if node.lastEnd % pageByteCount != 0 && Int(node.lastEnd / pageByteCount) + 1 == found {
      address = (node.lastEnd + request.alignment - 1) / request.alignment * request.alignment
    }
    let addressEnd = address + request.byteCount
    let endPage = Int((addressEnd + (pageByteCount - 1)) / pageByteCount)
    if found < endPage { node.set(found..<endPage, free: false) }
    node.hint = endPage
    node.lastEnd = addressEnd
    return address
  }
}
