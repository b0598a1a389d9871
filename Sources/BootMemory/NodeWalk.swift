import PhysicalMemory

/// The way through the nodes that a range of pages lies in, in ascending order.
@safe struct NodeWalk {
  /// The node that the walk has come to.
  private(set) var node: BootMemory.NodePointer

  /// Those of the pages that lie in that node.
  private(set) var part: PageRange

  /// The page behind the range.
  private let end: PageFrame

  /// Begins at the node which has the first page; each page lies in it or a node behind it.
  @inline(never)
  init(from first: BootMemory.NodePointer, over pages: PageRange) {
    unsafe node = unsafe first
    end = pages.end
    part = unsafe first.pointee.span.intersection(pages) ?? pages
  }

  /// Goes on to the next node.
  ///
  /// - Returns: Whether there are pages left that lie in it.
  @inline(__always)
  mutating func advance() -> Bool {
    part.end < end && advanceToNextNode()
  }

  @inline(never)
  private mutating func advanceToNextNode() -> Bool {
    let rest = PageRange(start: part.end, end: end)
    while let rest, let next = unsafe node.pointee.next {
      unsafe node = next
      // A node without pages has no part.
      if let part = unsafe next.pointee.span.intersection(rest) {
        self.part = part
        return true
      }
    }
    return false
  }
}
