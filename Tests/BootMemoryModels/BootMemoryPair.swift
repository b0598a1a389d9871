// SPDX-License-Identifier: MIT
import BitmapTestSupport
import BootMemory
import PageBitmap
import PhysicalMemory
import TestSupport
import TraceReplay

/// The allocator and the reference, with the same nodes.
package struct BootMemoryPair: ~Copyable {
  var memory: BootMemory
  let model: FlatBootMemory
  let size: ScenarioSize
  /// How many calls changed pages, and how many of these where the last change was, so that the
  /// cursor's word was all it took.
  package private(set) var changeCount = (all: 0, atCursor: 0)
  private let storage: NodeStorage
  private let bitmaps: [GuardedMemory]
  private let cleared = ClearedMemory()
  /// An address near the last result or range, at which calls meet.
  private var recentAddress: UInt64 = 0

  private static let nodeCapacity = 8

  package init(size: ScenarioSize, random: inout SplitMix) {
    self.size = size
    let storage = NodeStorage(count: Self.nodeCapacity)
    self.storage = storage
    // A machine of another width searches in every call.
    let is32Bit = size.pageCountBits < 20 && random.oneIn(5)
    var platform = BootMemoryPlatform()
    platform.addressWidth = is32Bit ? .bits32 : .bits64
    platform.maxDMA32PageFrame = PageFrame(FlatBootMemory.maxDMA32PageNumber)
    platform.directMapOffset = UInt(truncatingIfNeeded: random.next())
    unsafe platform.context = cleared.context
    unsafe platform.clear = ClearedMemory.clear
    var bitmaps: [GuardedMemory] = []
    var nodes: [FlatBootMemory.Node] = []
    var page = random.oneIn(2) ? 0 : Int(random.number(upToBits: 12))
    if random.oneIn(2) {
      platform.maxDMAAddress = PhysicalAddress(
        random.number(upToBits: size.pageCountBits + Int(pageShift)))
    }
    if random.oneIn(2) {
      platform.lowAddressLimit =
        random.oneIn(4)
        ? nil : PhysicalAddress(random.number(upToBits: size.pageCountBits + Int(pageShift)))
    }
    memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    let endOfAddresses = 1 << (is32Bit ? 32 - Int(pageShift) : PageFrame.numberBitCount)
    let nodeCount = Int.random(in: 1...(size.pageCountBits > 30 ? 3 : 6), using: &random)
    for id in (0..<nodeCount).shuffled(using: &random) {
      // Adjoining nodes, holes of any length, and now and then a node without pages.
      if !random.oneIn(3) { page += Int(random.number(upToBits: 8)) }
      let full = Int(random.number(upToBits: size.pageCountBits))
      let pageCount = min(random.oneIn(10) ? 0 : full, endOfAddresses - page)
      guard pageCount >= 0 else { break }
      // Memory is not zero at boot; but where a test fails that is easier to see in zeros.
      let bitmap = GuardedMemory(
        byteCount: BootMemory.bitmapByteCount(forPageCount: UInt64(pageCount)),
        content: [0, 0xa5, 0xff].randomElement(using: &random)!)
      bitmaps.append(bitmap)
      let span = PageRange(start: PageFrame(UInt64(page)), pageCount: UInt64(pageCount))!
      unsafe try! memory.registerNode(NodeID(id), spanning: span, bitmap: bitmap.bytes)
      nodes.append(FlatBootMemory.Node(id: id, start: page, end: page + pageCount))
      page += pageCount
    }
    self.bitmaps = bitmaps
    model = FlatBootMemory(
      nodes: nodes, endOfAddresses: endOfAddresses, nodeCapacity: Self.nodeCapacity)
  }

  /// Makes calls and compares; in the end what is handed over too.
  package mutating func run(
    _ count: Int, _ name: String, random: inout SplitMix
  ) throws(WorldDifference) {
    for index in 0..<count {
      let call = makeCall(random: &random)
      var difference =
        call.actual == call.expected
        ? differentNode() : "\(call.actual), but the reference has \(call.expected)"
      if difference == nil, cleared.calls != call.cleared {
        difference = "\(cleared.calls) has been cleared, not \(call.cleared)"
      }
      _ = cleared.takeCalls()
      if difference == nil,
        index % size.comparisonInterval == size.comparisonInterval - 1 || index == count - 1
      {
        difference = differentBits(random: &random)
      }
      if let difference {
        throw WorldDifference(description: "\(name), call \(index), \(call.text()): \(difference)")
      }
    }
    if let difference = differentHandOver(random: &random) {
      throw WorldDifference(description: "\(name), hand-over: \(difference)")
    }
  }

  private func differentNode() -> String? {
    for node in model.nodes {
      let own = memory.node(NodeID(node.id))!
      let ownEnd = own.lastEnd.isPageAligned ? 0 : own.lastEnd.rawValue
      if own.hint.number != node.hint {
        return "hint of node \(node.id) is \(own.hint), not \(node.hint)"
      }
      if ownEnd != (node.lastEnd % pageByteCount == 0 ? 0 : node.lastEnd) {
        return "last end of node \(node.id) is \(ownEnd), not \(node.lastEnd)"
      }
    }
    return nil
  }

  private func differentBits(random: inout SplitMix) -> String? {
    for bitmap in bitmaps where !bitmap.isGuardIntact { return "a guard is broken" }
    for node in model.nodes {
      let id = NodeID(node.id)
      if let broken = memory.node(id)!.bitmap.brokenInvariant() {
        return "node \(node.id): \(broken)"
      }
      var page = PageFrame(0)
      for expected in node.free.runs {
        let run = memory.nextFreeRun(on: id, from: page)
        guard let run, run == expected.pageRange else {
          return "free pages of node \(node.id) from \(page) on: \(run as Any), not \(expected)"
        }
        page = run.end
      }
      if let run = memory.nextFreeRun(on: id, from: page) { return "free pages: \(run)" }
      guard node.start < node.end else { continue }
      for _ in 0..<8 {
        // Near a page of interest, or anywhere.
        let near = node.free.runs.randomElement(using: &random)?.lowerBound ?? node.start
        let anywhere = Int.random(in: node.start..<node.end, using: &random)
        let page = random.oneIn(2) ? near : anywhere
        if memory.isReserved(PageFrame(UInt64(page))) != !node.free.isFree(page) {
          return "page \(page) of node \(node.id)"
        }
        let index = (page - node.start) / UInt.bitWidth
        var word: UInt = 0
        for bit in 0..<UInt.bitWidth {
          let page = node.start + index * UInt.bitWidth + bit
          if page >= node.end || !node.free.isFree(page) { word |= 1 << bit }
        }
        if memory.bitmapWord(UInt(index), of: id) != word {
          return "word \(index) of node \(node.id)"
        }
      }
    }
    return nil
  }

  /// Every free page is released once, ascending, by blocks that are aligned and not too large.
  private mutating func differentHandOver(random: inout SplitMix) -> String? {
    let maximumOrder = Int.random(in: 0..<PageFrame.numberBitCount, using: &random)
    // By single pages or nearly so it would take too long where many are free.
    let order = max(maximumOrder, size.pageCountBits - 10)
    var blocks: [PageBlock] = []
    let count = try! memory.handOver(maximumOrder: order) { blocks.append($0) }
    var released: [Int: FreeRuns] = [:]
    var sum: UInt64 = 0
    var last: (place: Int, end: UInt64) = (0, 0)
    for block in blocks {
      guard block.order <= order, block.first.number % block.pageCount == 0 else {
        return "block \(block)"
      }
      let place = model.nodes.firstIndex { $0.id == block.node.rawValue } ?? -1
      guard place > last.place || place == last.place && block.first.number >= last.end else {
        return "block \(block) comes too late"
      }
      last = (place, block.first.number + block.pageCount)
      sum += block.pageCount
      released[block.node.rawValue, default: FreeRuns()].set(
        Int(block.first.number)..<Int(last.end), free: true)
    }
    guard sum == count else { return "\(count) pages, but blocks of \(sum)" }
    for node in model.nodes where released[node.id] ?? FreeRuns() != node.free {
      return "node \(node.id) released \(released[node.id] as Any), not \(node.free)"
    }
    return nil
  }

  // MARK: Calls

  /// A call that has been made of both.
  private struct MadeCall {
    let text: () -> String
    let expected: FlatBootMemory.Outcome
    let actual: FlatBootMemory.Outcome
    var cleared: [ClearedMemory.Call] = []
  }

  private mutating func makeCall(random: inout SplitMix) -> MadeCall {
    if random.oneIn(100) {
      // What is mapped grows and ends; all of it at last.
      let end = random.oneIn(2) ? nil : randomAddress(random: &random)
      model.mappedEnd = end
      memory.mappedEnd = end.map { PhysicalAddress($0) }
      return MadeCall(
        text: { "mapped up to \(end as Any)" }, expected: .done, actual: .done)
    }
    var node = random.oneIn(3) ? Int.random(in: 0..<Self.nodeCapacity, using: &random) : nil
    if random.oneIn(200) { node = Self.nodeCapacity }
    let id = node.map { NodeID($0) }
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3:
      let range = randomRange(random: &random)
      if random.oneIn(3) {
        let pages = range.touchedPages.numbers
        note(pages.lowerBound, pages.upperBound)
        let expected = model.free(pages: pages, node: node)
        let actual = outcome { memory throws(BootMemoryError) in
          try memory.free(pages.pageRange, on: id)
          return nil
        }
        return MadeCall(
          text: { "free pages \(pages) on \(node as Any)" }, expected: expected, actual: actual)
      }
      let whole = range.wholePages
      note(Int(whole?.start.number ?? 0), Int(whole?.end.number ?? 0))
      let expected = model.free(
        start: range.start.rawValue, byteCount: range.byteCount, node: node)
      let actual = outcome { memory throws(BootMemoryError) in
        try memory.free(range, on: id)
        return nil
      }
      return MadeCall(
        text: { "free \(range) on \(node as Any)" }, expected: expected, actual: actual)
    case 3..<5:
      let range = randomRange(random: &random)
      let exclusively = random.oneIn(2)
      note(Int(range.touchedPages.start.number), Int(range.touchedPages.end.number))
      if random.oneIn(3) {
        let pages = range.touchedPages.numbers
        let expected = model.reserve(pages: pages, node: node, exclusively: exclusively)
        let actual = outcome { memory throws(BootMemoryError) in
          try memory.reserve(pages.pageRange, on: id, exclusively: exclusively)
          return nil
        }
        return MadeCall(
          text: { "reserve pages \(pages) on \(node as Any) exclusively \(exclusively)" },
          expected: expected, actual: actual)
      }
      let expected = model.reserve(
        start: range.start.rawValue, byteCount: range.byteCount, node: node,
        exclusively: exclusively)
      let actual = outcome { memory throws(BootMemoryError) in
        try memory.reserve(range, on: id, exclusively: exclusively)
        return nil
      }
      return MadeCall(
        text: { "reserve \(range) on \(node as Any) exclusively \(exclusively)" },
        expected: expected, actual: actual)
    default:
      return makeAllocation(on: node, random: &random)
    }
  }

  private mutating func makeAllocation(on node: Int?, random: inout SplitMix) -> MadeCall {
    var request = randomRequest(node: node, random: &random)
    var call = AllocationRequest(
      byteCount: request.byteCount, alignment: request.alignment,
      goal: .address(PhysicalAddress(request.goal)),
      limit: request.limit.map { .address(PhysicalAddress($0)) } ?? .none)
    if random.oneIn(3) {
      // One of the shorthands.
      let isLow = random.oneIn(2)
      let isOfPages = random.oneIn(2)
      request.alignment = isOfPages ? pageByteCount : 64
      request.goal = isLow ? 0 : memory.platform.maxDMAAddress.rawValue
      request.limit = isLow ? memory.platform.lowAddressLimit?.rawValue : nil
      call =
        switch (isLow, isOfPages) {
        case (false, false): .cacheLines(byteCount: request.byteCount)
        case (false, true): .pages(byteCount: request.byteCount)
        case (true, false): .low(byteCount: request.byteCount)
        case (true, true): .lowPages(byteCount: request.byteCount)
        }
    }
    if let node { call = call.on(NodeID(node), policy: request.policy) }
    call.clearsMemory = random.oneIn(2)
    let cursors = model.nodes.map { memory.node(NodeID($0.id))!.bitmap.cursor }
    let isDirect = unsafe memory.cursorNode != nil
    let expected = model.allocate(request)
    let actual = outcome { memory throws(BootMemoryError) in try memory.allocate(call) }
    let made = request
    var result = MadeCall(text: { "allocate \(made)" }, expected: expected, actual: actual)
    if case .address(let address) = actual {
      recentAddress = address
      changeCount.all += 1
      if isDirect, request.byteCount <= pageByteCount, request.alignment <= pageByteCount,
        cursors.contains(where: { $0.holds(PageNumber(address >> pageShift)) })
      {
        changeCount.atCursor += 1
      }
      if call.clearsMemory {
        result.cleared = [
          ClearedMemory.Call(
            start: UInt(address) &+ memory.platform.directMapOffset,
            byteCount: UInt(request.byteCount))
        ]
      }
    }
    return result
  }

  /// Counts a change of pages, and whether the cursor's word is all that it takes.
  private mutating func note(_ first: Int, _ end: Int) {
    recentAddress = UInt64(first) << pageShift
    guard first < end else { return }
    changeCount.all += 1
    guard unsafe memory.cursorNode != nil else { return }
    for node in model.nodes {
      let cursor = memory.node(NodeID(node.id))!.bitmap.cursor
      if cursor.holds(PageNumber(first)) && cursor.holds(PageNumber(end - 1)) {
        changeCount.atCursor += 1
      }
    }
  }

  private mutating func outcome(
    _ call: (inout BootMemory) throws(BootMemoryError) -> PhysicalAddress?
  ) -> FlatBootMemory.Outcome {
    do {
      return try call(&memory).map { .address($0.rawValue) } ?? .done
    } catch {
      return .failed(error)
    }
  }

  // MARK: Random places

  /// An address in one of the nodes or near it.
  private func randomAddress(random: inout SplitMix) -> UInt64 {
    let bytes = random.oneIn(3) ? random.next() % pageByteCount : 0
    if random.oneIn(3) {
      let page = Int(recentAddress >> pageShift) + Int.random(in: -2...20, using: &random)
      return UInt64(max(page, 0)) * pageByteCount + bytes
    }
    let node = model.nodes.randomElement(using: &random)!
    // Mostly near a few places, so that calls meet.
    let length = node.end - node.start
    let offset: Int
    if random.oneIn(8) {
      offset = random.oneIn(2) ? length : -1
    } else if length > 100_000 && !random.oneIn(4) {
      offset = length / 5 * Int.random(in: 0..<5, using: &random) + Int(random.number(upToBits: 12))
    } else {
      offset = Int.random(in: 0...max(length, 1), using: &random)
    }
    var page = max(node.start + offset, 0)
    if random.oneIn(3) {
      // Near where a word or a group of the bitmap ends, whether words have 64 bits or 32.
      let border = 1 << [5, 6, 10, 12, 15, 18, 20, 24, 25, 30].randomElement(using: &random)!
      let near = (page + border / 2) / border * border + Int.random(in: -2...2, using: &random)
      if near >= node.start && near <= node.end { page = near }
    }
    return UInt64(page) * pageByteCount + bytes
  }

  private func randomRange(random: inout SplitMix) -> AddressRange {
    let start = randomAddress(random: &random)
    let byteCount =
      switch Int.random(in: 0..<8, using: &random) {
      case 0: 0 as UInt64
      case 1: random.next() % (2 * pageByteCount)
      case 2..<4: (random.next() % 16) * pageByteCount
      case 4: ((1 as UInt64) << (random.next() % UInt64(size.pageCountBits))) * pageByteCount
      default: random.number(upToBits: size.pageCountBits - 1) * pageByteCount
      }
    return AddressRange(start: PhysicalAddress(start), byteCount: byteCount)!
  }

  private func randomRequest(node: Int?, random: inout SplitMix) -> FlatBootMemory.Request {
    let byteCount =
      switch Int.random(in: 0..<8, using: &random) {
      case 0..<3: random.number(upToBits: Int(pageShift))
      case 3..<5: (1 + random.next() % 4) * pageByteCount
      case 5: random.number(upToBits: Int(pageShift) + 8)
      case 6: random.next() % 200 * pageByteCount
      default: random.number(upToBits: size.pageCountBits + Int(pageShift) - 2)
      }
    var alignment: UInt64 = 1 << UInt64(Int.random(in: 0...Int(pageShift) + 2, using: &random))
    if random.oneIn(6) {
      alignment = 1 << UInt64(Int.random(in: Int(pageShift)...Int(pageShift) + 14, using: &random))
    }
    if random.oneIn(12) { alignment = 0 }
    if random.oneIn(50) { alignment = 24 }
    var request = FlatBootMemory.Request(
      byteCount: byteCount, alignment: alignment, goal: 0, node: node)
    if random.oneIn(2) { request.goal = randomAddress(random: &random) }
    if random.oneIn(3) { request.limit = randomAddress(random: &random) }
    if random.oneIn(40) { request.limit = random.next() % (2 * pageByteCount) }
    if node != nil {
      request.policy = [.preferred, .preferred, .only, .high].randomElement(using: &random)!
    }
    return request
  }
}

extension Range<Int> {
  /// The pages of these numbers.
  var pageRange: PageRange { pages(UInt64(lowerBound)..<UInt64(upperBound)) }
}

extension PageRange {
  /// The numbers of these pages.
  var numbers: Range<Int> { Int(start.number)..<Int(end.number) }
}
