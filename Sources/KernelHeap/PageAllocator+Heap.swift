// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory

/// The page allocator serves a heap after the hand-over.
extension PageAllocator: HeapPageSource {
  /// Allocates the smallest block that has so many pages, 4 MiB at most.
  public mutating func allocateHeapPages(
    _ pageCount: UInt64, alignedTo alignment: UInt64, below limit: PageFrame
  ) -> PageRange? {
    let order = Self.order(holding: max(pageCount, alignment))
    guard let page = try? allocate(order: order, below: limit) else { return nil }
    // An order that was served is at most 10.
    return PageRange(start: page, pageCount: 1 << UInt64(truncatingIfNeeded: order))
  }

  /// Frees a block; pages that were taken before the hand-over are reserved, and are released.
  public mutating func freeHeapPages(_ pages: PageRange) -> Bool {
    do throws(PageAllocatorError) {
      try free(pages.start, order: Self.order(holding: pages.pageCount))
      return true
    } catch {
      switch error {
      // Of more pages than a block can have, only boot memory gives out.
      case .notAllocated(_, _, .reserved), .orderOutOfRange: break
      default: return false
      }
    }
    do throws(PageAllocatorError) { try release(pages) } catch { return false }
    return true
  }

  /// The order of the smallest block with so many pages, at least 1.
  private static func order(holding pageCount: UInt64) -> Int {
    // pageCount is at least 1, and the number of zeros at most 64.
    UInt64.bitWidth &- (pageCount &- 1).leadingZeroBitCount
  }
}
