// SPDX-License-Identifier: MIT
import BootMemory
import Foundation
import PageAllocator
import PhysicalMemory
import TestSupport
import TraceReplay

/// A call that can be made in a small world of pages.
package enum SmallPageCall {
  case allocate(order: Int, limit: Int?)
  case free(Int, order: Int)
  case allocateRun(count: Int)
  case freeRun(Range<Int>)
  case release(Range<Int>)
}

/// The page allocator on a node of any size, of whose pages all but a few stay reserved, and its model.
@safe package struct SmallPageWorld: ExplorableWorld, ~Copyable {
  package let calls: [SmallPageCall]
  private let model: SmallPageModel

  /// The allocator with the storage of its node, the bitmap and the tree, in one piece, all of which
  /// is 0 but for a few of its pages of the host.
  private let image: UnsafeMutableRawBufferPointer
  private let pages: UnsafeMutablePointer<PageAllocator>

  /// What differs from the image at the beginning, by places of the host's pages.
  typealias Pieces = [Int: [UInt8]]

  private static var pieceByteCount: Int { 4096 }

  /// The image at the beginning, and which of its pieces may differ from that now.
  private let first: [UInt8]
  private var changed: Set<Int> = []

  /// A node.
  ///
  /// - Parameters:
  ///   - span: Its pages; the tree gets the first of them.
  ///   - free: Those that are free.
  ///   - released: Those that calls may release.
  package init(_ span: Range<Int>, free: [Range<Int>], released: [Range<Int>]) {
    let bitmapByteCount = Int(BootMemory.bitmapByteCount(forPageCount: UInt64(span.count)))
    func rounded(_ count: Int) -> Int { (count + 4095) & ~4095 }
    // The allocator says how many pages a tree takes by what it was given.
    let treePageCount = Self.treePageCount(span)
    let structByteCount = rounded(
      MemoryLayout<PageAllocator>.size + MemoryLayout<PageNode>.stride + 64)
    let treePlace = structByteCount + rounded(bitmapByteCount)
    let pageByteCount = Int(PageFrame.byteCount)
    unsafe image = .allocate(byteCount: treePlace + treePageCount * pageByteCount, alignment: 4096)
    unsafe image.initializeMemory(as: UInt8.self, repeating: 0)
    let base = unsafe image.baseAddress!
    unsafe pages = base.bindMemory(to: PageAllocator.self, capacity: 1)
    let nodePlace = (MemoryLayout<PageAllocator>.size + 63) & ~63
    let nodes = unsafe UnsafeMutableBufferPointer(
      start: (base + nodePlace).bindMemory(to: PageNode.self, capacity: 1), count: 1)
    let bitmap = unsafe UnsafeMutableRawBufferPointer(
      rebasing: image[structByteCount..<structByteCount + bitmapByteCount])
    let tree = span.lowerBound..<span.lowerBound + treePageCount
    unsafe pages.initialize(
      to: Self.allocator(
        span, free: [tree] + free,
        directMapOffset: UInt(bitPattern: base + treePlace)
          &- UInt(bitPattern: span.lowerBound * pageByteCount),
        bitmap: bitmap, nodes: nodes))
    model = SmallPageModel(span, tree: tree, free: free, released: released)
    calls = model.calls
    unsafe first = [UInt8](image)
  }

  deinit {
    unsafe pages.deinitialize(count: 1)
    unsafe image.deallocate()
  }

  private static func allocator(
    _ span: Range<Int>, free: [Range<Int>], directMapOffset: UInt,
    bitmap: UnsafeMutableRawBufferPointer, nodes: UnsafeMutableBufferPointer<PageNode>
  ) -> PageAllocator {
    let storage = NodeStorage(count: 1)
    var platform = BootMemoryPlatform()
    platform.directMapOffset = directMapOffset
    var memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    unsafe try! memory.registerNode(NodeID(0), spanning: PageRange(span), bitmap: bitmap)
    for pages in free { try! memory.free(PageRange(pages)) }
    return unsafe try! PageAllocator(takingOver: &memory, nodes: nodes)
  }

  private static func treePageCount(_ span: Range<Int>) -> Int {
    let bitmap = Arena(
      byteCount: Int(BootMemory.bitmapByteCount(forPageCount: UInt64(span.count))))!
    let tree = Arena(byteCount: span.count)!
    let storage = PageNodeStorage(count: 1)
    let pageCount = span.count / Int(PageFrame.byteCount) + 1
    _ = unsafe allocator(
      span, free: [span.lowerBound..<span.lowerBound + pageCount],
      directMapOffset: UInt(bitPattern: tree.start)
        &- UInt(bitPattern: span.lowerBound * Int(PageFrame.byteCount)),
      bitmap: UnsafeMutableRawBufferPointer(
        start: bitmap.start,
        count: Int(BootMemory.bitmapByteCount(forPageCount: UInt64(span.count)))),
      nodes: storage.nodes)
    return unsafe Int(storage.nodes[0].treePages.pageCount)
  }

  /// The state at the beginning.
  package var start: State { State(model: model, pieces: [:]) }

  package struct State {
    let model: SmallPageModel
    let pieces: Pieces
  }

  /// Of an image it has 64 bits of hash.
  package struct Key: Hashable {
    let model: SmallPageModel
    let image: Int
  }

  package func key(of state: State) -> Key {
    var hasher = Hasher()
    for (place, bytes) in state.pieces.sorted(by: { $0.key < $1.key }) {
      hasher.combine(place)
      hasher.combineBytes(bytes)
    }
    return Key(model: state.model, image: hasher.finalize())
  }

  private mutating func bring(_ pieces: Pieces) {
    for place in changed where pieces[place] == nil {
      unsafe first.withUnsafeBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(rebasing: image[place..<place + Self.pieceByteCount])
          .copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[place..<place + Self.pieceByteCount]))
      }
    }
    for (place, bytes) in pieces {
      unsafe UnsafeMutableRawBufferPointer(rebasing: image[place..<place + bytes.count])
        .copyBytes(from: bytes)
    }
    changed = Set(pieces.keys)
  }

  private mutating func pieces() -> Pieces {
    var pieces: Pieces = [:]
    for place in stride(from: 0, to: unsafe image.count, by: Self.pieceByteCount) {
      let isSame = unsafe first.withUnsafeBytes { bytes in
        unsafe memcmp(
          image.baseAddress! + place, bytes.baseAddress! + place, Self.pieceByteCount) == 0
      }
      if !isSame { pieces[place] = unsafe [UInt8](image[place..<place + Self.pieceByteCount]) }
    }
    changed = Set(pieces.keys)
    return pieces
  }

  package mutating func make(
    _ call: SmallPageCall, from state: State
  ) throws(WorldDifference) -> State {
    bring(state.pieces)
    var model = state.model
    let outcome = outcome(of: call)
    if let wrong = model.difference(call, outcome) {
      throw WorldDifference(description: "\(call) gave \(outcome): \(wrong), from \(state.model)")
    }
    let pieces = pieces()
    if case .failed = outcome, call.isFree, Self.differ(pieces, state.pieces) {
      throw WorldDifference(description: "\(call), refused, changed something, from \(state.model)")
    }
    return State(model: model, pieces: pieces)
  }

  /// Whether two images differ, as fast in a debug build as in another.
  private static func differ(_ pieces: Pieces, _ others: Pieces) -> Bool {
    pieces.count != others.count
      || pieces.contains { place, bytes in
        guard let other = others[place] else { return true }
        return unsafe memcmp(bytes, other, pieceByteCount) != 0
      }
  }

  private func outcome(of call: SmallPageCall) -> SmallPageModel.Outcome {
    do throws(PageAllocatorError) {
      switch call {
      case .allocate(let order, let limit):
        let limit = limit.map { PageFrame(UInt64($0)) } ?? .end
        let page = Int(unsafe try pages.pointee.allocate(order: order, below: limit).number)
        return .allocated(page..<page + 1 << order)
      case .allocateRun(let count):
        let run = unsafe try pages.pointee.allocate(pageCount: UInt64(count))
        return .allocated(Int(run.start.number)..<Int(run.end.number))
      case .free(let page, let order):
        unsafe try pages.pointee.free(PageFrame(UInt64(page)), order: order)
      case .freeRun(let run):
        unsafe try pages.pointee.free(PageRange(run))
      case .release(let range):
        unsafe try pages.pointee.release(PageRange(range))
      }
      return .done
    } catch {
      return .failed(error)
    }
  }

  /// The allocator counts what the model does.
  package mutating func judge(_ state: State) throws(WorldDifference) {
    bring(state.pieces)
    let counted = unsafe try! pages.pointee.statistics(of: NodeID(0))
    let expected = state.model.freeBlockCounts
    let actual = expected.indices.map { counted.freeBlockCount(ofOrder: $0) }
    // What counting has changed.
    _ = pieces()
    guard actual == expected, counted.freePageCount == state.model.freePageCount else {
      throw WorldDifference(description: "counts \(actual), not \(expected), in \(state.model)")
    }
  }
}

extension SmallPageCall {
  /// Others may look at memory for the first time before they fail.
  var isFree: Bool {
    switch self {
    case .free, .freeRun: true
    default: false
    }
  }
}
