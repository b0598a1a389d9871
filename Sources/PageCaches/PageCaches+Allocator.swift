// SPDX-License-Identifier: MIT
import BootMemory
import PageAllocator
import PhysicalMemory

/// What else the page allocator does, under the lock.
extension PageCaches {
  /// Allocates a block on a node or below a limit, as the page allocator does.
  ///
  /// - Throws: As `PageAllocator.allocate(order:on:policy:below:)`, after all caches are empty.
  /// - Complexity: As there; where memory is short, also as many frees as all caches keep blocks.
  public func allocate(
    order: Int, on node: NodeID?, policy: PageAllocator.NodePolicy = .preferred,
    below limit: PageFrame = .end, by processor: ProcessorID
  ) throws(PageAllocatorError) -> PageFrame {
    set.lock()
    defer { set.unlock() }
    while true {
      do throws(PageAllocatorError) {
        return unsafe try source.pages.pointee.allocate(
          order: order, on: node, policy: policy, below: limit)
      } catch {
        guard case .outOfPages = error, set.giveBackAll(by: processor.rawValue, to: source) else {
          throw error
        }
      }
    }
  }

  /// Allocates exactly `pageCount` adjoining pages, as the page allocator does.
  ///
  /// - Throws: As `PageAllocator.allocate(pageCount:alignedTo:on:policy:below:)`, after all
  ///   caches are empty.
  /// - Complexity: As there; where memory is short, also as many frees as all caches keep blocks.
  public func allocate(
    pageCount: UInt64, alignedTo alignment: UInt64 = 1, on node: NodeID? = nil,
    policy: PageAllocator.NodePolicy = .preferred, below limit: PageFrame = .end,
    by processor: ProcessorID
  ) throws(PageAllocatorError) -> PageRange {
    set.lock()
    defer { set.unlock() }
    while true {
      do throws(PageAllocatorError) {
        return unsafe try source.pages.pointee.allocate(
          pageCount: pageCount, alignedTo: alignment, on: node, policy: policy, below: limit)
      } catch {
        guard case .outOfRuns = error, set.giveBackAll(by: processor.rawValue, to: source) else {
          throw error
        }
      }
    }
  }

  /// What is free on a node, including the pages of the caches, which are given back first.
  ///
  /// - Throws: `PageAllocatorError.noSuchNode(_:)`.
  /// - Complexity: O(words) of what is partly free, and as many frees as the caches keep blocks.
  public func statistics(
    of node: NodeID, by processor: ProcessorID
  ) throws(PageAllocatorError) -> PageStatistics {
    set.lock()
    defer { set.unlock() }
    _ = set.giveBackAll(by: processor.rawValue, to: source)
    return unsafe try source.pages.pointee.statistics(of: node)
  }

  /// Gives the pages of all caches back to the page allocator, which finds wrong frees.
  ///
  /// - Complexity: O(caches), and as many frees as they keep blocks.
  public func drain(by processor: ProcessorID) {
    set.lock()
    defer { set.unlock() }
    _ = set.giveBackAll(by: processor.rawValue, to: source)
  }

  /// Calls `body` with the page allocator, under the lock: to free runs, to release reserved pages,
  /// and the like.
  ///
  /// - Returns: What `body` returns.
  public func withPages<Result>(
    _ body: (inout PageAllocator) throws(PageAllocatorError) -> Result
  ) throws(PageAllocatorError) -> Result {
    set.lock()
    defer { set.unlock() }
    return unsafe try body(&source.pages.pointee)
  }
}
