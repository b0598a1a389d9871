// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory
import TestSupport

/// An allocator and the map that it must agree with.
package struct PageScenario: ~Copyable {
  private var pages: KeptPages
  private var map: OwnerMap
  /// Never released again.
  private var freeAtStart: [UInt64]
  private let end: Int
  /// Every second block is freed as a run.
  private var calls = 0

  package init(pageCountBits: Int, random: inout SplitMix) throws {
    var spans: [Range<UInt64>] = []
    var start = random.upTo(3) == 0 ? 0 : UInt64(random.upTo(1 << pageCountBits))
    for _ in 0...random.upTo(3) {
      let count = UInt64(40 + random.upTo(1 << pageCountBits))
      spans.append(start..<start + count)
      start += count + (random.upTo(1) == 0 ? 0 : UInt64(random.upTo(200)))
    }
    spans.shuffle(using: &random)
    var reserved: [Range<UInt64>] = []
    for span in spans {
      for _ in 0..<random.upTo(random.upTo(3) == 0 ? 200 : 6) {
        let start = span.lowerBound + UInt64(random.upTo(span.count - 1))
        let count = UInt64(1 + random.upTo(1 << random.upTo(7)))
        reserved.append(start..<min(start + count, span.upperBound))
      }
    }
    do throws(PageAllocatorError) {
      pages = try KeptPages(spans, reserved: reserved, filling: UInt8(random.upTo(255)))
    } catch {
      // Too much is reserved for the allocator's own needs.
      pages = try KeptPages(spans)
    }
    end = Int(spans.map(\.upperBound).max()!)
    map = pages.ownerMap(spans)
    freeAtStart = map.nodes.indices.map { [map] in map.statistics(ofNode: $0).pages }
  }

  package mutating func run(_ count: Int, _ name: String, random: inout SplitMix) throws {
    var pressure = random.upTo(9)
    for call in 0..<count {
      calls += 1
      if random.upTo(500) == 0 { pressure = random.upTo(9) }
      let kind = random.upTo(19)
      let difference: String?
      switch kind {
      case 0: difference = hostileFree(random: &random)
      case 1: difference = hostileOrder(random: &random)
      case 2 where random.upTo(20) == 0: difference = release(random: &random)
      case 3: difference = hostileRun(random: &random)
      case 4: difference = resize(random: &random)
      case 2...(5 + pressure):
        difference =
          random.upTo(2) == 0 ? allocateRun(random: &random) : allocate(random: &random)
      default: difference = free(random: &random)
      }
      let compares = random.upTo(map.nodes.count * 2000) == 0
      if let difference = difference ?? (compares ? differentStatistics() : nil) {
        throw WorldDifference(description: "\(name), call \(call): \(difference)")
      }
    }
    while let block = map.blocks.last {
      if let difference = free(block) {
        throw WorldDifference(description: "\(name): \(difference)")
      }
    }
    if let difference = differentStatistics() {
      throw WorldDifference(description: "\(name), at the end: \(difference)")
    }
    for (index, node) in map.nodes.enumerated() {
      let free = pages.statistics(node.id).pages
      guard free == freeAtStart[index] else {
        throw WorldDifference(
          description: "\(name): node \(node.id) ends with \(free) pages, not \(freeAtStart[index])"
        )
      }
    }
  }

  private mutating func allocate(random: inout SplitMix) -> String? {
    // Small orders mostly.
    let order = min(random.upTo(10), random.upTo(2) == 0 ? 10 : random.upTo(10))
    let node = random.upTo(2) == 0 ? map.nodes.randomElement(using: &random) : nil
    let policy: PageAllocator.NodePolicy = random.upTo(1) == 0 ? .only : .preferred
    let limit = random.upTo(3) == 0 ? random.upTo(end + 10) : nil
    var call: String {
      "allocate(\(order), on: \(node?.id as Any), \(policy), below: \(limit as Any))"
    }
    let first = node.map { node in map.nodes.firstIndex { $0.id == node.id }! }
    var searched = first.map { [$0] } ?? Array(map.nodes.indices)
    if let first, policy == .preferred { searched += map.nodes.indices.filter { $0 != first } }
    do throws(PageAllocatorError) {
      let page = try pages.allocate(order, on: node?.id, policy: policy, below: limit)
      let block = OwnerMap.Block(first: page, order: order)
      guard page & ((1 << order) - 1) == 0 else {
        return "\(call) gave \(page), which is unaligned"
      }
      guard map.isFree(block) else { return "\(call) gave \(page), which is not free" }
      if let limit, block.end > limit { return "\(call) gave \(page)" }
      let index = map.index(ofNodeWith: page)!
      guard let place = searched.firstIndex(of: index) else { return "\(call) gave \(page)" }
      if random.upTo(20) == 0 {
        for other in searched[..<place]
        where map.hasFreeBlock(order: order, inNode: other, below: limit ?? .max) {
          return "\(call) gave \(page), but node \(map.nodes[other].id) has a block"
        }
      }
      map.allocate(block)
    } catch {
      guard error == .outOfPages(order: order) else { return "\(call) threw \(error)" }
      // Looking at all pages takes long.
      if order < 3 || random.upTo(10) == 0 {
        for index in searched
        where map.hasFreeBlock(order: order, inNode: index, below: limit ?? .max) {
          return "\(call) found nothing, but node \(map.nodes[index].id) has a block"
        }
      }
    }
    return nil
  }

  private mutating func allocateRun(random: inout SplitMix) -> String? {
    let count = 1 + random.upTo(1 << random.upTo(random.upTo(3) == 0 ? 13 : 7))
    let alignment = random.upTo(2) == 0 ? 1 << random.upTo(13) : 1
    let limit = random.upTo(3) == 0 ? random.upTo(end + 10) : nil
    var call: String { "allocateRun(\(count), alignedTo: \(alignment), below: \(limit as Any))" }
    do throws(PageAllocatorError) {
      let run = try pages.allocateRun(count, alignedTo: alignment, below: limit)
      let block = OwnerMap.Block(first: run.lowerBound, count: count)
      guard run.count == count, run.lowerBound & (alignment - 1) == 0,
        run.upperBound <= limit ?? .max
      else { return "\(call) gave \(run)" }
      guard map.isFree(block) else { return "\(call) gave \(run), which is not free" }
      map.allocate(block)
    } catch {
      guard error == .outOfRuns(pageCount: UInt64(count), alignment: UInt64(alignment)) else {
        return "\(call) threw \(error)"
      }
      for index in map.nodes.indices
      where map.hasFreeRun(count, alignment: alignment, inNode: index, below: limit ?? .max) {
        return "\(call) found nothing, but node \(map.nodes[index].id) has a run"
      }
    }
    return nil
  }

  /// A run that is not what was given out: a part, more than it, or anything.
  private mutating func hostileRun(random: inout SplitMix) -> String? {
    var first = random.upTo(end + 50)
    var count = 1 + random.upTo(1 << random.upTo(11))
    if random.upTo(3) > 0, let block = map.blocks.randomElement(using: &random) {
      first = block.first + (random.upTo(1) == 0 ? 0 : random.upTo(block.count))
      count = max(1, block.count + [-1, 1, 64, -64, 0, random.upTo(200)][random.upTo(5)])
    }
    let block = OwnerMap.Block(first: first, count: count)
    if map.owner(of: first) == .block(block) { return free(block) }
    let expected = PageAllocatorError.runNotAllocated(
      PageRange(first..<first + count), map.finding(first))
    let error =
      random.upTo(1) == 0
      ? pages.error(freeingRun: first..<first + count)
      : pages.error(resizing: first..<first + count, to: 1 + random.upTo(count))
    return error == expected ? nil : "\(block) as a run: \(error as Any), not \(expected)"
  }

  private mutating func resize(random: inout SplitMix) -> String? {
    guard let block = map.blocks.randomElement(using: &random) else { return nil }
    let more = random.upTo(1 << random.upTo(9))
    let count = random.upTo(1) == 0 ? block.count + more : 1 + random.upTo(block.count - 1)
    let limit = random.upTo(3) == 0 ? random.upTo(end + 10) : nil
    var call: String { "resize(\(block), to: \(count), below: \(limit as Any))" }
    let added = OwnerMap.Block(first: block.end, count: max(count - block.count, 1))
    let fits =
      block.first + count <= limit ?? .max && map.isFree(added)
      && map.index(ofNodeWith: block.first) == map.index(ofNodeWith: block.first + count - 1)
    do throws(PageAllocatorError) {
      let run = try pages.resizeRun(block.first..<block.end, to: count, below: limit)
      guard run == block.first..<block.first + count else { return "\(call) gave \(run)" }
      if count > block.count && !fits { return "\(call) took what is not free" }
      map.free(block)
      map.allocate(OwnerMap.Block(first: block.first, count: count))
    } catch {
      guard count > block.count, !fits else { return "\(call) threw \(error)" }
      let expected = PageAllocatorError.cannotGrow(
        PageFrame(UInt64(block.first)), pageCount: UInt64(count))
      if error != expected { return "\(call) threw \(error)" }
    }
    return nil
  }

  private mutating func free(random: inout SplitMix) -> String? {
    map.blocks.randomElement(using: &random).flatMap { free($0) }
  }

  private mutating func free(_ block: OwnerMap.Block) -> String? {
    do throws(PageAllocatorError) {
      if let order = block.order, calls & 1 == 0 {
        try pages.free(block.first, order)
      } else {
        try pages.freeRun(block.first..<block.end)
      }
    } catch {
      return "free(\(block)) threw \(error)"
    }
    map.free(block)
    return nil
  }

  /// Any page with any order, often near to a block.
  private mutating func hostileFree(random: inout SplitMix) -> String? {
    var page = random.upTo(end + 50)
    if random.upTo(1) == 0, let block = map.blocks.randomElement(using: &random) {
      page = block.first + (random.upTo(1) == 0 ? 0 : random.upTo(block.count))
    }
    let order = random.upTo(10)
    if case .block(let block) = map.owner(of: page), block.first == page, block.order == order {
      return free(block)
    }
    return expect(page, order, map.finding(page))
  }

  private mutating func hostileOrder(random: inout SplitMix) -> String? {
    guard let block = map.blocks.randomElement(using: &random) else { return nil }
    let order = random.upTo(10)
    if order == block.order { return free(block) ?? expect(block.first, order, .free) }
    return expect(block.first, order, map.finding(block.first))
  }

  private mutating func expect(_ page: Int, _ order: Int, _ finding: PageFinding) -> String? {
    let expected = PageAllocatorError.notAllocated(
      PageFrame(UInt64(page)), order: order, finding)
    do throws(PageAllocatorError) {
      try pages.free(page, order)
    } catch {
      return error == expected ? nil : "free(\(page), \(order)) threw \(error), not \(expected)"
    }
    return "free(\(page), \(order)) did not throw \(expected)"
  }

  private mutating func release(random: inout SplitMix) -> String? {
    let start = random.upTo(end)
    let range = start..<min(start + 1 + random.upTo(1 << random.upTo(8)), end)
    let wrong = range.first { map.owner(of: $0) != .reserved }
    do throws(PageAllocatorError) {
      try pages.release(UInt64(range.lowerBound)..<UInt64(range.upperBound))
    } catch {
      return error == wrong.map { .notReleasable(PageFrame(UInt64($0)), map.finding($0)) }
        ? nil : "release(\(range)) threw \(error), not for \(wrong as Any)"
    }
    if let wrong { return "release(\(range)) did not throw for \(wrong)" }
    for page in range {
      let index = map.index(ofNodeWith: page)!
      map.nodes[index].owners[page - map.nodes[index].start] = .free
      freeAtStart[index] += 1
    }
    return nil
  }

  private mutating func differentStatistics() -> String? {
    for (index, node) in map.nodes.enumerated() {
      let expected = map.statistics(ofNode: index)
      let actual = pages.statistics(node.id)
      if actual != expected { return "node \(node.id) has \(actual), not \(expected)" }
    }
    return nil
  }
}

extension SplitMix {
  /// A number from 0 to `last`.
  fileprivate mutating func upTo(_ last: Int) -> Int {
    Int(next() % UInt64(last + 1))
  }
}
