// SPDX-License-Identifier: MIT
import BootMemory
import Foundation
import PageAllocator
import PhysicalMemory
import TraceReplay

/// A page allocator with the storage that it works in; physical memory is an arena.
package struct KeptPages: ~Copyable {
  package var pages: PageAllocator
  private let bootStorage: NodeStorage
  private let storage: PageNodeStorage
  private let arenas: [Arena]
  private static let pageShift = Int(PageFrame.byteCountShift)

  /// Nodes with spans whose pages are free, but for `reserved`.
  ///
  /// - Parameters:
  ///   - spans: The spans; the index is the node's number.
  ///   - reserved: Pages to reserve.
  ///   - filling: What all memory is filled with before.
  package init(
    _ spans: [Range<UInt64>], reserved: [Range<UInt64>] = [], filling: UInt8 = 0xa5,
    nodeCapacity: Int = 8
  ) throws(PageAllocatorError) {
    let end = spans.map(\.upperBound).max() ?? 0
    let memoryArena = Arena(byteCount: Int(end) << Self.pageShift)!
    var arenas = [memoryArena]
    var platform = BootMemoryPlatform()
    unsafe platform.directMapOffset = UInt(bitPattern: memoryArena.start)
    let bootStorage = NodeStorage(count: 8)
    var memory = unsafe BootMemory(platform: platform, nodes: bootStorage.nodes)
    for (index, span) in spans.enumerated() {
      let byteCount = Int(BootMemory.bitmapByteCount(forPageCount: UInt64(span.count)))
      let arena = Arena(byteCount: byteCount)!
      if byteCount < 1 << 20 {
        unsafe arena.start.initializeMemory(as: UInt8.self, repeating: filling, count: byteCount)
      }
      arenas.append(arena)
      unsafe try! memory.registerNode(
        NodeID(index), spanning: range(span),
        bitmap: UnsafeMutableRawBufferPointer(start: arena.start, count: byteCount))
      if !span.isEmpty { try! memory.free(range(span)) }
    }
    for pages in reserved { try! memory.reserve(range(pages), exclusively: false) }
    // Trees lie in memory of any content.
    for span in spans where span.count < 1 << 16 {
      unsafe (memoryArena.start + Int(span.lowerBound) << Self.pageShift).initializeMemory(
        as: UInt8.self, repeating: filling, count: min(span.count << Self.pageShift, 1 << 16))
    }
    let storage = PageNodeStorage(count: nodeCapacity)
    self.bootStorage = bootStorage
    self.storage = storage
    self.arenas = arenas
    pages = unsafe try PageAllocator(takingOver: &memory, nodes: storage.nodes)
  }

  /// A node of 1024 pages of which only these are free, and page 0 has the tree.
  package init(free: [Range<UInt64>]) throws(PageAllocatorError) {
    let ends = [1] + free.map(\.upperBound)
    let starts = free.map(\.lowerBound) + [1024]
    try self.init([0..<1024], reserved: zip(ends, starts).map { $0..<$1 })
  }

  /// The pages of the host that stand behind all bitmaps and trees, of 4096 bytes.
  package var residentPageCount: Int { arenas.reduce(0) { $0 + $1.residentPageCount } }

  package mutating func allocate(
    _ order: Int, on node: Int? = nil, policy: PageAllocator.NodePolicy = .preferred,
    below limit: Int? = nil
  ) throws(PageAllocatorError) -> Int {
    let limit = limit.map { PageFrame(UInt64($0)) } ?? .end
    let page = try pages.allocate(
      order: order, on: node.map { NodeID($0) }, policy: policy, below: limit)
    return Int(page.number)
  }

  package mutating func free(_ page: Int, _ order: Int) throws(PageAllocatorError) {
    try pages.free(PageFrame(UInt64(page)), order: order)
  }

  package mutating func allocateRun(
    _ count: Int, alignedTo alignment: Int = 1, on node: Int? = nil,
    policy: PageAllocator.NodePolicy = .preferred, below limit: Int? = nil
  ) throws(PageAllocatorError) -> Range<Int> {
    let limit = limit.map { PageFrame(UInt64($0)) } ?? .end
    let run = try pages.allocate(
      pageCount: UInt64(count), alignedTo: UInt64(alignment), on: node.map { NodeID($0) },
      policy: policy, below: limit)
    return Int(run.start.number)..<Int(run.end.number)
  }

  package mutating func freeRun(_ run: Range<Int>) throws(PageAllocatorError) {
    try pages.free(PageRange(run))
  }

  package mutating func resizeRun(
    _ run: Range<Int>, to count: Int, below limit: Int? = nil
  ) throws(PageAllocatorError) -> Range<Int> {
    let limit = limit.map { PageFrame(UInt64($0)) } ?? .end
    let run = try pages.resize(PageRange(run), toPageCount: UInt64(count), below: limit)
    return Int(run.start.number)..<Int(run.end.number)
  }

  package mutating func release(_ pages: Range<UInt64>) throws(PageAllocatorError) {
    try self.pages.release(range(pages))
  }

  // The errors of calls that must throw: a macro cannot take a closure that changes this.

  package mutating func error(freeing page: Int, _ order: Int) -> PageAllocatorError? {
    do throws(PageAllocatorError) { try free(page, order) } catch { return error }
    return nil
  }

  package mutating func error(countingOn node: Int) -> PageAllocatorError? {
    do throws(PageAllocatorError) { _ = try pages.statistics(of: NodeID(node)) } catch {
      return error
    }
    return nil
  }

  package mutating func error(freeingRun run: Range<Int>) -> PageAllocatorError? {
    do throws(PageAllocatorError) { try freeRun(run) } catch { return error }
    return nil
  }

  package mutating func error(resizing run: Range<Int>, to count: Int) -> PageAllocatorError? {
    do throws(PageAllocatorError) { _ = try resizeRun(run, to: count) } catch { return error }
    return nil
  }

  package mutating func error(
    allocatingRun count: Int, alignedTo alignment: Int = 1
  ) -> PageAllocatorError? {
    do throws(PageAllocatorError) {
      _ = try allocateRun(count, alignedTo: alignment)
    } catch {
      return error
    }
    return nil
  }

  package mutating func error(releasing pages: Range<UInt64>) -> PageAllocatorError? {
    do throws(PageAllocatorError) { try release(pages) } catch { return error }
    return nil
  }

  package mutating func error(
    allocating order: Int, on node: Int? = nil, policy: PageAllocator.NodePolicy = .preferred
  ) -> PageAllocatorError? {
    do throws(PageAllocatorError) { _ = try allocate(order, on: node, policy: policy) } catch {
      return error
    }
    return nil
  }

  package mutating func statistics(_ node: Int = 0) -> (pages: UInt64, blocks: [UInt64]) {
    let found = try! pages.statistics(of: NodeID(node))
    return (found.freePageCount, (0...10).map { found.freeBlockCount(ofOrder: $0) })
  }

  /// Which pages are free, reserved, or what the hand-over took for itself.
  package mutating func ownerMap(_ spans: [Range<UInt64>]) -> OwnerMap {
    var nodes: [OwnerMap.Node] = []
    for (index, span) in spans.enumerated() {
      let owners = span.map { page -> OwnerMap.Owner in
        var finding: PageFinding?
        do throws(PageAllocatorError) {
          try free(Int(page), 0)
        } catch {
          if case .notAllocated(_, _, let found) = error { finding = found }
        }
        return switch finding {
        case .free: .free
        case .bitmap?, .tree?: .own(finding!)
        default: .reserved
        }
      }
      nodes.append(OwnerMap.Node(id: index, start: Int(span.lowerBound), owners: owners))
    }
    return OwnerMap(nodes: nodes.sorted { $0.start < $1.start })
  }
}

/// Storage for nodes on the host's heap.
@safe package final class PageNodeStorage {
  package let nodes: UnsafeMutableBufferPointer<PageNode>

  package init(count: Int) {
    unsafe nodes = .allocate(capacity: count)
  }

  deinit { unsafe nodes.deallocate() }
}

extension Arena {
  /// The number of its pages that have been touched; only Linux tells.
  fileprivate var residentPageCount: Int {
    #if os(Linux)
    var resident = [UInt8](repeating: 0, count: (1 << 30) >> 12)
    var count = 0
    var offset = 0
    while offset < byteCount {
      let length = min(1 << 30, byteCount - offset)
      unsafe mincore(start + offset, length, &resident)
      count += Self.count(ofOnesIn: resident[..<((length + 4095) >> 12)])
      offset += length
    }
    return count
    #else
    return 0
    #endif
  }

  /// How many bytes are 1, of some hundred million that are 0: Linux sets no other bit.
  private static func count(ofOnesIn bytes: ArraySlice<UInt8>) -> Int {
    unsafe bytes.withUnsafeBytes { bytes in
      var count = 0
      var rest = unsafe bytes[...]
      while let start = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress,
        let one = unsafe memchr(start, 1, rest.count)
      {
        count += 1
        unsafe rest = rest.dropFirst(unsafe UnsafeRawPointer(one) - start + 1)
      }
      return count
    }
  }
}

extension PageRange {
  package init(_ range: Range<Int>) {
    self.init(
      start: PageFrame(UInt64(range.lowerBound)), pageCount: UInt64(range.count))!
  }
}

package func range(_ range: Range<UInt64>) -> PageRange {
  PageRange(start: PageFrame(range.lowerBound), end: PageFrame(range.upperBound))!
}
