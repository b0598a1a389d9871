// SPDX-License-Identifier: MIT
import BitmapTestSupport
import BootMemory
import PhysicalMemory
import TraceReplay

/// Boot memory with its storage and bitmaps, for tests that name every page.
package struct FixedMemory: ~Copyable {
  package var memory: BootMemory
  private let storage: NodeStorage
  private var bitmaps: [GuardedMemory] = []
  private let content: UInt8

  /// Nodes with the given spans, all pages reserved; `content` is what their bitmaps hold before.
  package init(
    _ spans: Range<UInt64>..., platform: BootMemoryPlatform = BootMemoryPlatform(),
    content: UInt8 = 0xa5
  ) {
    self.content = content
    let storage = NodeStorage(count: 8)
    self.storage = storage
    memory = unsafe BootMemory(platform: platform, nodes: storage.nodes)
    for (index, span) in spans.enumerated() {
      try! register(index, span)
    }
  }

  /// Registers one more node.
  package mutating func register(_ index: Int, _ span: Range<UInt64>) throws(BootMemoryError) {
    let bitmap = GuardedMemory(
      byteCount: BootMemory.bitmapByteCount(forPageCount: UInt64(span.count)), content: content)
    bitmaps.append(bitmap)
    unsafe try memory.registerNode(
      NodeID(index), spanning: pages(span), bitmap: bitmap.bytes)
  }

  package mutating func freePages(_ range: Range<UInt64>) throws(BootMemoryError) {
    try memory.free(bytes(range.lowerBound << pageShift, UInt64(range.count) << pageShift))
  }

  package mutating func reservePages(
    _ range: Range<UInt64>, exclusively: Bool = false
  ) throws(BootMemoryError) {
    try memory.reserve(
      bytes(range.lowerBound << pageShift, UInt64(range.count) << pageShift),
      exclusively: exclusively)
  }

  /// Allocates without clearing: there is no memory behind the addresses.
  package mutating func allocate(
    _ byteCount: UInt64, align: UInt64 = 1, goal: UInt64 = 0, limit: UInt64 = 0,
    node: Int? = nil, policy: AllocationRequest.NodePolicy = .preferred
  ) throws(BootMemoryError) -> UInt64 {
    try memory.allocate(
      AllocationRequest(
        byteCount: byteCount, alignment: align, goal: .address(PhysicalAddress(goal)),
        limit: limit == 0 ? .none : .address(PhysicalAddress(limit)),
        node: node.map { NodeID($0) }, nodePolicy: policy, clearsMemory: false)
    ).rawValue
  }

  /// The free pages of all nodes, as ranges.
  package func freeRanges() -> [Range<UInt64>] {
    var ranges: [Range<UInt64>] = []
    for node in 0..<8 {
      var run = memory.nextFreeRun(on: NodeID(node))
      while let found = run {
        ranges.append(found.start.number..<found.end.number)
        run = memory.nextFreeRun(on: NodeID(node), from: found.end)
      }
    }
    return ranges
  }
}

package func pages(_ range: Range<UInt64>) -> PageRange {
  PageRange(start: PageFrame(range.lowerBound), end: PageFrame(range.upperBound))!
}

package func bytes(_ start: UInt64, _ byteCount: UInt64) -> AddressRange {
  AddressRange(start: PhysicalAddress(start), byteCount: byteCount)!
}

/// The size of a page in bytes, and log2 of it.
package let pageByteCount = PageFrame.byteCount
package let pageShift = PageFrame.byteCountShift
