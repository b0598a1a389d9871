// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A memory node as the page allocator knows it.
///
/// Its storage is the caller's; its content is not.
@safe public struct PageNode {
  /// The page frames that the node spans; none where boot memory has not such a node.
  var span: PageRange

  /// Which of them are free.
  var tree: PageTree

  /// The next node in ascending order of start.
  var next: UnsafeMutablePointer<PageNode>?

  /// The pages that hold what is known of the node's pages beside boot memory's bitmap.
  public internal(set) var treePages: PageRange

  /// The pages of the bitmap that boot memory left; none where it lies in memory of the caller's.
  var bitmapPages: PageRange

  /// No node.
  public init() {
    span = PageRange(emptyAt: PageFrame(0))
    treePages = span
    bitmapPages = span
    tree = PageTree()
    unsafe next = nil
  }

  /// The tree's number of a page, at most ``UInt/max``; 0 for a page below the tree's first.
  func bit(of page: PageFrame) -> UInt {
    let first = UInt64(tree.firstPageNumber)
    guard page.number > first else { return 0 }
    return UInt(clamping: page.number &- first)
  }

  /// The page that the tree calls `bit`.
  func page(ofBit bit: UInt) -> PageFrame {
    // At most 2^52.
    PageFrame(UInt64(tree.firstPageNumber) &+ UInt64(bit))
  }
}
