import BootMemory
import PhysicalMemory

/// Where the nodes' bitmaps lie, and how many pages Linux's would have: what is needed to tell their
/// pages from others while they are handed over.
struct NodeBitmaps {
  private static var capacity: Int { 64 }

  private var pages = InlineArray<64, PageRange?>(repeating: nil)
  private var linuxPageCounts = InlineArray<64, UInt64>(repeating: 0)

  /// - Precondition: Boot memory has storage for at most 64 nodes.
  init(of memory: borrowing BootMemory, wordBitCount: Int) {
    precondition(memory.nodeCapacity <= Self.capacity)
    for number in 0..<memory.nodeCapacity {
      guard let node = memory.node(NodeID(number)), node.isRegistered else { continue }
      pages[number] = node.bitmapPages
      let bitmap = FlatBitmap(pageCount: node.span.pageCount, wordBitCount: wordBitCount)
      linuxPageCounts[number] = PageFrame.pageCount(holdingByteCount: bitmap.byteCount)
    }
  }

  /// Adds the pages of a block that is handed over, those of a bitmap as Linux would have them.
  func add(_ block: PageBlock, to blocks: inout LinuxBlocks) {
    let number = block.node.rawValue
    guard let bitmap = pages[number], bitmap.contains(block.first) else {
      if let pages = PageRange(start: block.first, pageCount: block.pageCount) {
        blocks.add(pages, of: block.node)
      }
      return
    }
    // The first block of a bitmap stands for all of it.
    guard block.first == bitmap.start else { return }
    blocks.addPages(from: bitmap.start.number, count: linuxPageCounts[number])
  }
}
