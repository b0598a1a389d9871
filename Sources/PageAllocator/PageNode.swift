// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A memory node as the page allocator knows it.
///
/// Its storage belongs to the caller, its content to the page allocator.
@safe public struct PageNode {
  /// The page frames that the node spans; empty if boot memory has no such node.
  var span: PageRange

  /// Which of them are free.
  var tree: PageTree

  /// The next node in ascending order of start.
  var next: UnsafeMutablePointer<PageNode>?

  /// The pages that hold what is known about the node's pages besides boot memory's bitmap.
  public internal(set) var treePages: PageRange

  /// The pages of the bitmap that boot memory left; empty if it lies in memory that the caller
  /// gave.
  var bitmapPages: PageRange

  /// Makes storage that holds no node yet.
  public init() {
    span = PageRange(emptyAt: PageFrame(0))
    treePages = span
    bitmapPages = span
    tree = PageTree()
    unsafe next = nil
  }

  /// The tree's bit number for a page, at most ``UInt/max``; 0 for a page below the tree's first.
  func bit(of page: PageFrame) -> UInt {
    let first = UInt64(tree.firstPageNumber)
    guard page.number > first else { return 0 }
    return UInt(clamping: page.number &- first)
  }

  /// The page with the tree's bit number `bit`.
  func page(ofBit bit: UInt) -> PageFrame {
    // At most 2^52.
    PageFrame(UInt64(tree.firstPageNumber) &+ UInt64(bit))
  }
}
