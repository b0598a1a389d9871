// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Runs: any number of adjoining pages.
extension PageAllocator {
  /// Allocates exactly `pageCount` adjoining pages.
  ///
  /// A run of up to 1024 pages takes the first pages of a block that can hold it, if there is one,
  /// and the rest of the block stays free; any other run takes the lowest adjoining free pages.  So
  /// a run is found wherever there is one, even above the largest order: 64 MiB if that much
  /// adjoins.  <doc:Frames> says which block it is.
  ///
  /// - Parameters:
  ///   - pageCount: How many pages; not 0.
  ///   - alignment: A power of two, in pages, that the first page's number must be divisible by.
  ///   - node: A node; nil for any, in ascending order.
  ///   - policy: Whether `node` is preferred or the only one.
  ///   - limit: The page frame that all pages must lie below.
  /// - Returns: The pages, as ``free(_:)`` takes them.
  /// - Throws: ``PageAllocatorError/outOfRuns(pageCount:alignment:)``,
  ///   ``PageAllocatorError/notARun(pageCount:alignment:)``, ``PageAllocatorError/noSuchNode(_:)``.
  /// - Complexity: O(levels + nodes) up to 64 (32) pages, O(pages / 64) up to 1024, if there is
  ///   such a block; O(words) otherwise.
  public mutating func allocate(
    pageCount: UInt64, alignedTo alignment: UInt64 = 1, on node: NodeID? = nil,
    policy: NodePolicy = .preferred, below limit: PageFrame = .end
  ) throws(PageAllocatorError) -> PageRange {
    guard pageCount > 0, alignment.isPowerOfTwo else {
      throw .notARun(pageCount: pageCount, alignment: alignment)
    }
    var named: NodePointer? = nil
    if let node {
      let first = unsafe try pointer(to: node)
      // A node that was never registered has no memory, and no tree.
      if unsafe !first.pointee.span.isEmpty,
        let run = unsafe allocate(pageCount, alignment, in: first, below: limit)
      {
        return run
      }
      guard policy == .preferred else {
        throw .outOfRuns(pageCount: pageCount, alignment: alignment)
      }
      unsafe named = unsafe first
    }
    var next = unsafe firstNode
    while let node = unsafe next {
      if unsafe node != named,
        let run = unsafe allocate(pageCount, alignment, in: node, below: limit)
      {
        return run
      }
      unsafe next = node.pointee.next
    }
    throw .outOfRuns(pageCount: pageCount, alignment: alignment)
  }

  private func allocate(
    _ pageCount: UInt64, _ alignment: UInt64, in node: NodePointer, below limit: PageFrame
  ) -> PageRange? {
    let span = unsafe node.pointee.span
    // A run that fits the node has numbers that fit the machine's words.  Page 0 has every
    // alignment.
    guard pageCount <= span.pageCount, alignment <= span.end.number || span.start.number == 0,
      let alignment = UInt(exactly: alignment)
    else { return nil }
    let end = unsafe node.pointee.bit(of: limit)
    let bit = unsafe node.pointee.tree.allocateRun(
      count: UInt(truncatingIfNeeded: pageCount), alignment: alignment, below: end)
    guard let bit else { return nil }
    return PageRange(start: unsafe node.pointee.page(ofBit: bit), pageCount: pageCount)
  }

  /// Frees a run, or a block.
  ///
  /// - Parameter pages: All of its pages, and no others.
  /// - Throws: ``PageAllocatorError/runNotAllocated(_:_:)`` for anything else, be it free,
  ///   reserved, a part of a run, or more than one;
  ///   ``PageAllocatorError/notARun(pageCount:alignment:)`` for no pages.
  /// - Complexity: O(levels + nodes) up to 64 (32) pages, O(pages / 64) above.
  public mutating func free(_ pages: PageRange) throws(PageAllocatorError) {
    let node = unsafe try self.node(withRun: pages)
    let bit = unsafe Self.bit(of: pages.start, in: node)
    // The pages lie in a node.
    let count = UInt(truncatingIfNeeded: pages.pageCount)
    let order = PageTree.order(holding: count)
    let isFreed =
      count == 1 &<< order && order >= PageTreeLayout.wordOrder && order <= PageTree.maximumOrder
        && bit & (count &- 1) == 0
      ? unsafe node.pointee.tree.free(bit, order: order)
      : unsafe node.pointee.tree.freeRun(bit, count: count)
    guard isFreed else { throw unsafe .runNotAllocated(pages, finding(bit, in: node)) }
  }

  /// Resizes a run in place: frees its last pages, or allocates the pages after it.
  ///
  /// - Parameters:
  ///   - pages: All of its pages, and no others.
  ///   - pageCount: The new number of pages; not 0.
  ///   - limit: The page frame that all pages must lie below if it becomes longer.
  /// - Returns: The run's pages now.
  /// - Throws: ``PageAllocatorError/runNotAllocated(_:_:)``;
  ///   ``PageAllocatorError/cannotGrow(_:pageCount:)`` if the pages after it are not all free, in
  ///   its node and below the limit; ``PageAllocatorError/notARun(pageCount:alignment:)`` if
  ///   `pages` is empty or `pageCount` is 0.
  /// - Complexity: O(pages / 64 + levels + nodes).
  public mutating func resize(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame = .end
  ) throws(PageAllocatorError) -> PageRange {
    guard pageCount > 0 else { throw .notARun(pageCount: pageCount, alignment: 1) }
    let node = unsafe try self.node(withRun: pages)
    let bit = unsafe Self.bit(of: pages.start, in: node)
    guard case .run(let count) = unsafe node.pointee.tree.find(bit), count == pages.pageCount else {
      throw unsafe .runNotAllocated(pages, finding(bit, in: node))
    }
    guard let newCount = UInt(exactly: pageCount),
      let resized = PageRange(start: pages.start, pageCount: pageCount),
      unsafe node.pointee.tree.resizeRun(
        bit, from: count, to: newCount, below: node.pointee.bit(of: limit))
    else { throw .cannotGrow(pages.start, pageCount: pageCount) }
    return resized
  }

  /// The node that has all pages of a run.
  private mutating func node(withRun pages: PageRange) throws(PageAllocatorError) -> NodePointer {
    guard !pages.isEmpty else { throw .notARun(pageCount: 0, alignment: 1) }
    guard let node = unsafe node(containing: pages.start) else {
      throw .runNotAllocated(pages, .outsideNodes)
    }
    guard unsafe pages.end <= node.pointee.span.end else {
      throw unsafe .runNotAllocated(pages, finding(Self.bit(of: pages.start, in: node), in: node))
    }
    return unsafe node
  }

  /// Examines all memory that has not been examined since boot.
  ///
  /// Otherwise allocations and counting do this bit by bit.  A kernel calls this when it has time,
  /// so that no later call takes long.
  ///
  /// - Complexity: O(words) of what is partly free.
  public mutating func prepare() {
    var next = unsafe firstNode
    while let node = unsafe next {
      unsafe node.pointee.tree.validateUnknown()
      unsafe next = node.pointee.next
    }
  }
}

extension PageAllocator {
  /// Frees a run, or releases pages that have been reserved since boot.
  ///
  /// These are pages that a heap got from the page allocator, or from boot memory before the
  /// hand-over.
  ///
  /// - Returns: Whether the pages were either; otherwise nothing has changed.
  package mutating func takeBack(_ pages: PageRange) -> Bool {
    if pages.pageCount == 1 {
      switch freeSinglePage(pages.start) {
      case .done: return true
      case .begun:
        finishFree(pages.start)
        return true
      case .begunFirst:
        finishFirstFree(pages.start)
        return true
      case .refused: break
      }
    }
    return takeBackRun(pages)
  }

  /// Resizes a run in place; of pages that have been reserved since boot, it can only release the
  /// last ones.
  ///
  /// - Returns: Whether that was possible; otherwise nothing has changed.
  package mutating func resizeOrRelease(
    _ pages: PageRange, toPageCount pageCount: UInt64, below limit: PageFrame
  ) -> Bool {
    do throws(PageAllocatorError) {
      _ = try resize(pages, toPageCount: pageCount, below: limit)
      return true
    } catch {
      guard case .runNotAllocated(_, .reserved) = error, pageCount < pages.pageCount,
        let kept = PageRange(start: pages.start, pageCount: pageCount),
        let rest = PageRange(start: kept.end, end: pages.end)
      else { return false }
      return takeBackRun(rest)
    }
  }

  private mutating func takeBackRun(_ pages: PageRange) -> Bool {
    do throws(PageAllocatorError) {
      try free(pages)
      return true
    } catch {
      guard case .runNotAllocated(_, .reserved) = error else { return false }
    }
    do throws(PageAllocatorError) { try release(pages) } catch { return false }
    return true
  }
}
