import BootMemory
import BootMemoryTrace
import PhysicalMemory
import TestSupport
import Testing

/// The allocator and the flat reference, with the same nodes.
struct BootMemoryPair: ~Copyable {
  var memory: BootMemory
  let model: FlatBootMemory
  let size: ScenarioSize
  private let storage: NodeStorage
  private let arenas: [Arena]

  init(size: ScenarioSize, random: inout SplitMix) {
    self.size = size
    let storage = NodeStorage(count: 8)
    self.storage = storage
    let is32Bit = size != .huge && random.oneIn(2)
    var platform = BootMemoryPlatform()
    platform.addressWidth = is32Bit ? .bits32 : .bits64
    platform.maxDMA32PageFrame = PageFrame(0x10_0000)
    memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    var arenas: [Arena] = []
    var nodes: [FlatBootMemory.Node] = []
    var page = random.oneIn(2) ? 0 : Int(random.number(upToBits: 12))
    let endOfAddresses = is32Bit ? 1 << 20 : 1 << 52
    for id in (0..<Int.random(in: 1...(size == .huge ? 2 : 6), using: &random)).shuffled(
      using: &random)
    {
      // Adjoining nodes, holes of any length, and now and then a node without pages.
      if !random.oneIn(3) { page += Int(random.number(upToBits: 8)) }
      let full =
        size == .huge ? 1 << size.pageCountBits : Int(random.number(upToBits: size.pageCountBits))
      let pageCount = min(random.oneIn(10) ? 0 : full, endOfAddresses - page)
      guard pageCount >= 0 else { break }
      let byteCount = BootMemory.bitmapByteCount(forPageCount: UInt64(pageCount))
      let arena = Arena(byteCount: Int(byteCount))!
      arenas.append(arena)
      // Memory is not zero at boot.
      if byteCount < 1 << 20 {
        unsafe arena.start.initializeMemory(as: UInt8.self, repeating: 0xa5, count: Int(byteCount))
      }
      let span = PageRange(start: PageFrame(UInt64(page)), pageCount: UInt64(pageCount))!
      let bitmap = unsafe UnsafeMutableRawBufferPointer(start: arena.start, count: Int(byteCount))
      unsafe try! memory.registerNode(NodeID(id), spanning: span, bitmap: bitmap)
      nodes.append(FlatBootMemory.Node(id: id, start: page, end: page + pageCount))
      page += pageCount
    }
    self.arenas = arenas
    model = FlatBootMemory(nodes: nodes, endOfAddresses: endOfAddresses)
  }

  /// Where the two differ.  A plain error: millions of expectations would take minutes.
  struct Difference: Error, CustomStringConvertible {
    var description: String
  }

  /// Makes calls and compares.
  mutating func run(
    _ count: Int, _ name: String, random: inout SplitMix
  ) throws(Difference) {
    for index in 0..<count {
      let (call, expected, actual) = makeCall(random: &random)
      var difference = actual == expected ? nil : "\(actual), but the reference has \(expected)"
      for node in model.nodes where difference == nil {
        let own = memory.node(NodeID(node.id))!
        let ownEnd = own.lastEnd.isPageAligned ? 0 : own.lastEnd.rawValue
        if own.hint.number != node.hint {
          difference = "hint of node \(node.id) is \(own.hint), not \(node.hint)"
        } else if ownEnd != (node.lastEnd % 4096 == 0 ? 0 : node.lastEnd) {
          difference = "last end of node \(node.id) is \(ownEnd), not \(node.lastEnd)"
        }
      }
      if difference == nil,
        index % size.comparisonInterval == size.comparisonInterval - 1 || index == count - 1
      {
        difference = differentBits()
      }
      if let difference {
        throw Difference(description: "\(name), call \(index), \(call()): \(difference)")
      }
    }
  }

  private func differentBits() -> String? {
    for node in model.nodes {
      var page = node.start
      while page < node.end {
        let start = node.first(free: true, in: page..<node.end)
        let end = start.map { node.first(free: false, in: $0..<node.end) ?? node.end }
        let run = memory.nextFreeRun(on: NodeID(node.id), from: PageFrame(UInt64(page)))
        if run?.start.number != start.map({ UInt64($0) })
          || run?.end.number != end.map({ UInt64($0) })
        {
          return "free pages of node \(node.id) from \(page) on: \(run as Any)"
        }
        page = end ?? node.end
      }
    }
    return nil
  }

  private mutating func makeCall(
    random: inout SplitMix
  ) -> (() -> String, FlatBootMemory.Outcome, FlatBootMemory.Outcome) {
    let node = random.oneIn(3) ? Int.random(in: 0..<8, using: &random) : nil
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3:
      let range = randomRange(random: &random)
      let expected = model.free(
        start: range.start.rawValue, byteCount: range.byteCount, node: node)
      let actual = outcome { memory throws(BootMemoryError) in
        try memory.free(range, on: node.map { NodeID($0) })
        return nil
      }
      return ({ "free \(range) on \(node as Any)" }, expected, actual)
    case 3..<5:
      let range = randomRange(random: &random)
      let exclusively = random.oneIn(2)
      let expected = model.reserve(
        start: range.start.rawValue, byteCount: range.byteCount, node: node,
        exclusively: exclusively)
      let actual = outcome { memory throws(BootMemoryError) in
        try memory.reserve(range, on: node.map { NodeID($0) }, exclusively: exclusively)
        return nil
      }
      return (
        { "reserve \(range) on \(node as Any) exclusively \(exclusively)" }, expected, actual
      )
    default:
      let request = randomRequest(node: node, random: &random)
      let expected = model.allocate(request)
      let actual = outcome { memory throws(BootMemoryError) in
        try memory.allocate(
          AllocationRequest(
            byteCount: request.byteCount, alignment: request.alignment,
            goal: .address(PhysicalAddress(request.goal)),
            limit: request.limit == 0 ? .none : .address(PhysicalAddress(request.limit)),
            node: node.map { NodeID($0) }, nodePolicy: request.policy, clearsMemory: false))
      }
      return ({ "allocate \(request)" }, expected, actual)
    }
  }

  private mutating func outcome(
    _ call: (inout BootMemory) throws(BootMemoryError) -> PhysicalAddress?
  ) -> FlatBootMemory.Outcome {
    do {
      return try call(&memory).map { .address($0.rawValue) } ?? .done
    } catch {
      switch error {
      case .outOfMemory: return .outOfMemory
      case .alreadyReserved(let page): return .alreadyReserved(Int(page.number))
      case .misuse, .handedOver: return .misuse
      }
    }
  }

  /// An address in one of the nodes or near it.
  private func randomAddress(random: inout SplitMix) -> UInt64 {
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
    let bytes = random.oneIn(3) ? random.next() % 4096 : 0
    return UInt64(page) * 4096 + bytes
  }

  private func randomRange(random: inout SplitMix) -> AddressRange {
    let start = randomAddress(random: &random)
    let byteCount =
      switch Int.random(in: 0..<8, using: &random) {
      case 0: 0 as UInt64
      case 1: random.next() % 8192
      case 2..<4: (random.next() % 16) * 4096
      case 4: ((1 as UInt64) << (random.next() % UInt64(size.pageCountBits))) * 4096
      default: random.number(upToBits: size.pageCountBits - 1) * 4096
      }
    return AddressRange(start: PhysicalAddress(start), byteCount: byteCount)!
  }

  private func randomRequest(node: Int?, random: inout SplitMix) -> FlatBootMemory.Request {
    let byteCount =
      switch Int.random(in: 0..<8, using: &random) {
      case 0..<3: random.number(upToBits: 12)
      case 3..<5: (1 + random.next() % 4) * 4096
      case 5: random.number(upToBits: 20)
      case 6: random.next() % 200 * 4096
      default: random.number(upToBits: size.pageCountBits + 10)
      }
    var alignment: UInt64 = 1 << UInt64(Int.random(in: 0...14, using: &random))
    if random.oneIn(6) { alignment = 1 << UInt64(Int.random(in: 12...26, using: &random)) }
    if random.oneIn(12) { alignment = 0 }
    if random.oneIn(50) { alignment = 24 }
    var request = FlatBootMemory.Request(
      byteCount: byteCount, alignment: alignment, goal: 0, limit: 0, node: node)
    if random.oneIn(2) { request.goal = randomAddress(random: &random) }
    if random.oneIn(3) { request.limit = randomAddress(random: &random) }
    if node != nil {
      request.policy = [.preferred, .preferred, .only, .high].randomElement(using: &random)!
    }
    return request
  }
}
