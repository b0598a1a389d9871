import BootMemory
import PhysicalMemory

/// Boot memory as the specification describes it, in the plainest way: the reference for random
/// tests.  It shares no code with the allocator under test.
final class FlatBootMemory {
  final class Node {
    let id: Int
    let start: Int
    let end: Int
    let bitmap: FlatBitmap
    var hint: Int
    var lastEnd: UInt64 = 0

    init(id: Int, start: Int, end: Int) {
      self.id = id
      self.start = start
      self.end = end
      hint = start
      bitmap = FlatBitmap(bitCount: max(end - start, 1))
    }

    func first(free: Bool, in pages: Range<Int>) -> Int? {
      bitmap.first(free: free, in: pages.lowerBound - start..<pages.upperBound - start)
        .map { $0 + start }
    }

    func set(_ pages: Range<Int>, free: Bool) {
      bitmap.set(pages.lowerBound - start..<pages.upperBound - start, free: free)
      if lastEnd % 4096 != 0, pages.contains(Int(lastEnd / 4096)) { lastEnd = 0 }
    }
  }

  enum Outcome: Equatable {
    case done
    case address(UInt64)
    case outOfMemory
    case alreadyReserved(Int)
    case misuse
  }

  /// In ascending order of start.
  var nodes: [Node]
  let endOfAddresses: Int

  init(nodes: [Node], endOfAddresses: Int) {
    self.nodes = nodes.sorted { $0.start < $1.start }
    self.endOfAddresses = endOfAddresses
  }

  /// The nodes with the parts of `pages` in them, if they cover all of them.
  private func parts(_ pages: Range<Int>, node: Int?) -> [(Node, Range<Int>)]? {
    var parts: [(Node, Range<Int>)] = []
    var covered = pages.lowerBound
    for candidate in nodes where node == nil || candidate.id == node {
      let part = pages.clamped(to: candidate.start..<candidate.end)
      if part.isEmpty { continue }
      guard part.lowerBound == covered else { return nil }
      covered = part.upperBound
      parts.append((candidate, part))
    }
    return covered == pages.upperBound ? parts : nil
  }

  func free(start: UInt64, byteCount: UInt64, node: Int?) -> Outcome {
    let end = start + byteCount
    guard Int((end + 4095) / 4096) <= endOfAddresses else { return .misuse }
    let first = Int((start + 4095) / 4096)
    let last = Int(end / 4096)
    if first >= last {
      for candidate in nodes where node == nil || candidate.id == node {
        let span = candidate.start..<candidate.end
        if span.contains(first) && span.contains(last) {
          candidate.hint = min(candidate.hint, first)
        }
      }
      return .done
    }
    guard let parts = parts(first..<last, node: node) else { return .misuse }
    if parts.contains(where: { $0.0.first(free: true, in: $0.1) != nil }) { return .misuse }
    for (node, pages) in parts {
      node.set(pages, free: true)
      node.hint = min(node.hint, pages.lowerBound)
    }
    return .done
  }

  func reserve(start: UInt64, byteCount: UInt64, node: Int?, exclusively: Bool) -> Outcome {
    let end = start + byteCount
    guard Int((end + 4095) / 4096) <= endOfAddresses else { return .misuse }
    let pages = Int(start / 4096)..<Int((end + 4095) / 4096)
    if pages.isEmpty { return .done }
    let parts = parts(pages, node: node)
    if byteCount == 0 && parts == nil { return .done }
    guard let parts else { return .misuse }
    if exclusively {
      for (index, (node, part)) in parts.enumerated() {
        guard let page = node.first(free: false, in: part) else { continue }
        for (node, part) in parts[...index] { node.hint = min(node.hint, part.lowerBound) }
        return .alreadyReserved(page)
      }
    }
    for (node, part) in parts { node.set(part, free: false) }
    return .done
  }

  struct Request {
    var byteCount: UInt64
    var alignment: UInt64
    var goal: UInt64
    var limit: UInt64
    var node: Int?
    var policy = AllocationRequest.NodePolicy.preferred
  }

  func allocate(_ request: Request) -> Outcome {
    guard request.byteCount > 0, request.alignment & (request.alignment &- 1) == 0 else {
      return .misuse
    }
    var request = request
    if request.alignment == 0 { request.alignment = 64 }
    if request.limit > 0 && request.goal + request.byteCount > request.limit { request.goal = 0 }
    if let id = request.node {
      let node = nodes.first { $0.id == id }
      let border = 0x10_0000
      if let node, request.policy == .high, node.end > border + 0x8000,
        request.goal / 4096 < UInt64(border)
      {
        var high = request
        high.goal = UInt64(border) * 4096
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
    return .outOfMemory
  }

  private func allocateAnywhere(_ request: Request) -> UInt64? {
    for node in nodes {
      if request.goal > 0 && UInt64(node.end) <= request.goal / 4096 { continue }
      if request.limit > 0 && UInt64(node.start) >= request.limit / 4096 { break }
      if let address = allocate(request, in: node) { return address }
    }
    return nil
  }

  private func allocate(_ request: Request, in node: Node) -> UInt64? {
    var end = node.end
    if request.limit > 0 { end = Int(min(UInt64(end), request.limit / 4096)) }
    guard node.start < end else { return nil }
    let step = Int(max(request.alignment / 4096, 1))
    func align(_ page: Int) -> Int { (page + step - 1) / step * step }
    let goal = Int(request.goal / 4096)
    let begin = align(goal > node.start && goal < end ? goal : node.start)
    let count = Int(request.byteCount / 4096) + (request.byteCount % 4096 == 0 ? 0 : 1)
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
    var address = UInt64(found) * 4096
    if node.lastEnd % 4096 != 0 && Int(node.lastEnd / 4096) + 1 == found {
      address = (node.lastEnd + request.alignment - 1) / request.alignment * request.alignment
    }
    let addressEnd = address + request.byteCount
    let endPage = Int((addressEnd + 4095) / 4096)
    if found < endPage { node.set(found..<endPage, free: false) }
    node.hint = endPage
    node.lastEnd = addressEnd
    return address
  }
}
