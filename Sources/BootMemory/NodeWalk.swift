// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The way through the nodes that a range of pages lies in, in ascending order.
@safe struct NodeWalk {
  /// The node that the walk has come to.
  private(set) var node: BootMemory.NodePointer

  /// Those of the pages that lie in that node.
  private(set) var part: Range<PageNumber>

  /// The page behind the range.
  private let end: PageNumber

  /// Begins at the node which has the first page; each page lies in it or a node behind it.
  init(from first: BootMemory.NodePointer, over pages: Range<PageNumber>) {
    unsafe node = unsafe first
    end = pages.upperBound
    part = unsafe pages.clamped(to: first.pointee.pages)
  }

  /// Goes on to the next node.
  ///
  /// - Returns: Whether there are pages left that lie in it.
  mutating func advance() -> Bool {
    part.upperBound < end && advanceToNextNode()
  }

  @inline(never)
  private mutating func advanceToNextNode() -> Bool {
    let rest = part.upperBound..<end
    while let next = unsafe node.pointee.next {
      unsafe node = next
      part = unsafe rest.clamped(to: next.pointee.pages)
      // A node without pages has no part.
      if !part.isEmpty { return true }
    }
    return false
  }
}
