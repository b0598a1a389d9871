// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Counting pages.
extension BootMemory {
  /// The number of free pages of all nodes.
  ///
  /// - Complexity: O(runs of free pages).
  public borrowing func freePageCount() -> UInt64 {
    var count: UInt64 = 0
    for number in 0..<nodeCapacity { count += freePageCount(on: NodeID(number)) }
    return count
  }

  /// The number of free pages in `window`, in all nodes.
  ///
  /// - Complexity: O(nodes + runs of free pages in the window).
  public borrowing func freePageCount(in window: PageRange) -> UInt64 {
    var count: UInt64 = 0
    for number in 0..<nodeCapacity {
      var page = window.start
      while let run = nextFreeRun(on: NodeID(number), from: page),
        let part = run.intersection(window)
      {
        count += part.pageCount
        page = run.end
      }
    }
    return count
  }

  /// The number of reserved pages in `window`, in all nodes; pages of no node are not counted.
  ///
  /// - Complexity: O(nodes + runs of free pages in the window).
  public borrowing func reservedPageCount(in window: PageRange) -> UInt64 {
    var count: UInt64 = 0
    for number in 0..<nodeCapacity {
      guard let node = node(NodeID(number)), node.isRegistered,
        let part = node.span.intersection(window)
      else { continue }
      // Counted run by run, not as a difference, so that the sum of both counts is a real check.
      var page = part.start
      while page < part.end {
        let run = nextFreeRun(on: NodeID(number), from: page)
        let end = min(run?.start ?? part.end, part.end)
        count += end.number - page.number
        page = run?.end ?? part.end
      }
    }
    return count
  }
}
