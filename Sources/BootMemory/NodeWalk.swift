// SPDX-License-Identifier: MIT
import PhysicalMemory

/// A walk, in ascending order, through the nodes that contain a range of pages.
@safe struct NodeWalk {
  /// The node that the walk has reached.
  private(set) var node: BootMemory.NodePointer

  /// The pages of the range that lie in that node.
  private(set) var part: Range<PageNumber>

  /// The page just past the range.
  private let end: PageNumber

  /// Starts at the node with the first page; each page lies in that node or a later one.
  init(from first: BootMemory.NodePointer, over pages: Range<PageNumber>) {
    unsafe node = unsafe first
    end = pages.upperBound
    part = unsafe pages.clamped(to: first.pointee.pages)
  }

  /// Advances to the next node.
  ///
  /// - Returns: Whether any pages are left, which then lie in that node.
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
