// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TestSupport

/// A call that can be made in a small world.
package enum SmallWorldCall {
  case free(Range<Int>, node: Int?)
  case reserve(Range<Int>, node: Int?, exclusively: Bool)
  case allocate(SmallWorldModel.Request)
}

/// A world of a few pages: an allocator and its byte-exact model.
@safe package struct SmallWorld: ExplorableWorld, ~Copyable {
  private let spans: [Range<Int>]
  package let calls: [SmallWorldCall]
  /// The allocator with the storage of its nodes and bitmaps, in one piece.
  private let image: UnsafeMutableRawBufferPointer
  private let memory: UnsafeMutablePointer<BootMemory>

  package init(_ spans: [Range<Int>]) {
    self.spans = spans
    calls = Self.calls(spans)
    func rounded(_ count: Int) -> Int { (count + 15) & ~15 }
    let bitmapByteCounts = spans.map {
      rounded(Int(BootMemory.bitmapByteCount(forPageCount: UInt64($0.count))))
    }
    let nodesByteCount = rounded(MemoryLayout<BootMemoryNode>.stride * spans.count)
    let memoryByteCount = rounded(MemoryLayout<BootMemory>.size)
    let byteCount = memoryByteCount + nodesByteCount + bitmapByteCounts.reduce(0, +)
    unsafe image = .allocate(byteCount: byteCount, alignment: 16)
    unsafe image.initializeMemory(as: UInt8.self, repeating: 0)
    let base = unsafe image.baseAddress!
    unsafe memory = base.bindMemory(to: BootMemory.self, capacity: 1)
    let nodes = unsafe (base + memoryByteCount).bindMemory(
      to: BootMemoryNode.self, capacity: spans.count)
    var platform = BootMemoryPlatform()
    platform.cacheLineByteCount = SmallWorldModel.unit
    unsafe platform.clear = { _, _, _ in }
    unsafe memory.initialize(
      to: BootMemory(
        platform: platform, nodes: UnsafeMutableBufferPointer(start: nodes, count: spans.count)))
    var place = memoryByteCount + nodesByteCount
    for (index, span) in spans.enumerated() {
      let bitmap = unsafe UnsafeMutableRawBufferPointer(
        rebasing: image[place..<place + bitmapByteCounts[index]])
      unsafe try! memory.pointee.registerNode(
        NodeID(index), spanning: span.pageRange, bitmap: bitmap)
      place += bitmapByteCounts[index]
    }
  }

  deinit { unsafe image.deallocate() }

  /// Calls on every place of the nodes, and beside them.
  private static func calls(_ spans: [Range<Int>]) -> [SmallWorldCall] {
    let pages = max(spans[0].lowerBound - 1, 0)...spans.last!.upperBound
    let nodes: [Int?] = [nil] + (spans.count > 1 ? spans.indices.map { $0 } : [])
    var ranges: [Range<Int>] = []
    for start in pages {
      for end in start...(pages.upperBound + 1) { ranges.append(start * 4..<end * 4) }
      // In part: inside a page, over a border, no bytes inside.
      ranges += [start * 4 + 1..<start * 4 + 1, start * 4 + 1..<start * 4 + 6]
    }
    var calls: [SmallWorldCall] = []
    for node in nodes {
      for range in ranges {
        calls.append(.free(range, node: node))
        calls.append(.reserve(range, node: node, exclusively: false))
        calls.append(.reserve(range, node: node, exclusively: true))
      }
      for size in [1, 3, 4, 6] {
        for alignment in [1, 2, 4, 8] {
          var request = SmallWorldModel.Request(size: size, alignment: alignment, node: node)
          calls.append(.allocate(request))
          if node != nil {
            request.isForNodeOnly = true
            calls.append(.allocate(request))
          }
        }
        for place in pages.dropFirst() {
          calls.append(
            .allocate(SmallWorldModel.Request(size: size, goal: place * 4, node: node)))
          calls.append(
            .allocate(SmallWorldModel.Request(size: size, limit: place * 4 + 2, node: node)))
          calls.append(
            .allocate(
              SmallWorldModel.Request(
                size: size, goal: place * 4 + 1, limit: place * 4 + 8, node: node)))
        }
      }
    }
    return calls
  }

  /// The state at the beginning.
  package var first: State { State(model: SmallWorldModel(spans), image: unsafe [UInt8](image)) }

  package struct State {
    let model: SmallWorldModel
    let image: [UInt8]
  }

  /// Of an image it has 64 bits of hash.
  package struct Key: Hashable {
    let model: SmallWorldModel
    let image: Int
  }

  package func key(of state: State) -> Key {
    var hasher = Hasher()
    hasher.combineBytes(state.image)
    return Key(model: state.model, image: hasher.finalize())
  }

  private func bring(_ image: [UInt8]) {
    unsafe self.image.copyBytes(from: image)
  }

  package func make(
    _ call: SmallWorldCall, from state: State
  ) throws(WorldDifference) -> State {
    bring(state.image)
    var model = state.model
    let expected: SmallWorldModel.Outcome
    let actual: SmallWorldModel.Outcome
    switch call {
    case .free(let range, let node):
      expected = model.free(range, node)
      actual = outcome { memory throws(BootMemoryError) in
        try memory.free(Self.bytes(range), on: node.map { NodeID($0) })
        return nil
      }
    case .reserve(let range, let node, let exclusively):
      expected = model.reserve(range, node, exclusively: exclusively)
      actual = outcome { memory throws(BootMemoryError) in
        try memory.reserve(
          Self.bytes(range), on: node.map { NodeID($0) }, exclusively: exclusively)
        return nil
      }
    case .allocate(let request):
      expected = model.allocate(request)
      actual = outcome { memory throws(BootMemoryError) in
        try memory.allocate(Self.allocation(request))
      }
    }
    guard actual == expected else {
      throw WorldDifference(
        description: "\(call) gave \(actual), not \(expected), from \(state.model)")
    }
    if let difference = differentState(model) {
      throw WorldDifference(description: "\(call): \(difference), from \(state.model)")
    }
    return State(model: model, image: unsafe [UInt8](image))
  }

  private func outcome(
    _ call: (inout BootMemory) throws(BootMemoryError) -> PhysicalAddress?
  ) -> SmallWorldModel.Outcome {
    do throws(BootMemoryError) {
      guard let address = unsafe try call(&memory.pointee) else { return .done }
      let (unit, rest) = address.rawValue.quotientAndRemainder(dividingBy: SmallWorldModel.unit)
      return rest == 0 ? .allocated(Int(unit)) : .handedOutTwice(-1)
    } catch {
      return .failed(error)
    }
  }

  private func differentState(_ model: SmallWorldModel) -> String? {
    for (index, node) in model.nodes.enumerated() {
      for page in node.start..<node.end {
        let isReserved = unsafe memory.pointee.isReserved(PageFrame(UInt64(page)))
        if isReserved == node.isFree(page) {
          return "page \(page) is reserved: \(!node.isFree(page))"
        }
      }
      let own = unsafe memory.pointee.node(NodeID(index))!
      if own.hint.number != UInt64(node.hint) {
        return "hint of node \(index) is \(own.hint.number), not \(node.hint)"
      }
      let openEnd = UInt64(node.openEnd ?? 0) * SmallWorldModel.unit
      if (own.lastEnd.isPageAligned ? 0 : own.lastEnd.rawValue) != openEnd {
        return "the last end of node \(index) is \(own.lastEnd), not \(openEnd)"
      }
    }
    return nil
  }

  /// Every free page is handed over, once.
  package func judge(_ state: State) throws(WorldDifference) {
    bring(state.image)
    var pages: [UInt64] = []
    _ = unsafe try! memory.pointee.handOver(maximumOrder: 2) { block in
      pages += block.first.number..<block.first.number + block.pageCount
    }
    let expected = state.model.nodes.flatMap { node in
      (node.start..<node.end).filter { node.isFree($0) }.map { UInt64($0) }
    }
    guard pages == expected else {
      throw WorldDifference(description: "hands over \(pages), not \(expected), of \(state.model)")
    }
  }

  private static func bytes(_ units: Range<Int>) -> AddressRange {
    AddressRange(
      start: PhysicalAddress(UInt64(units.lowerBound) * SmallWorldModel.unit),
      byteCount: UInt64(units.count) * SmallWorldModel.unit)!
  }

  private static func allocation(_ request: SmallWorldModel.Request) -> AllocationRequest {
    func address(_ unit: Int) -> PhysicalAddress {
      PhysicalAddress(UInt64(unit) * SmallWorldModel.unit)
    }
    return AllocationRequest(
      byteCount: UInt64(request.size) * SmallWorldModel.unit,
      alignment: UInt64(request.alignment) * SmallWorldModel.unit,
      goal: .address(address(request.goal)),
      limit: request.limit.map { .address(address($0)) } ?? .none,
      node: request.node.map { NodeID($0) },
      nodePolicy: request.isForNodeOnly ? .only : .preferred)
  }
}
