// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Releasing what was needed only until the kernel has started.
extension OwnerTable {
  /// The owner of the first range that is needed only during boot; nil if there is none left.
  ///
  /// - Complexity: O(n).
  public borrowing func firstOwnerNeededOnlyDuringBoot() -> MemoryOwner? {
    firstOwnerNeededOnlyDuringBoot(where: { _ in true })
  }

  // Separate from the function above: a closure as a default argument would make a kernel's debug
  // build count references, which needs a heap.

  /// The owner of the first range that is needed only during boot and whose owner matches
  /// `isIncluded`; nil if there is none left.
  ///
  /// - Complexity: O(n).
  public borrowing func firstOwnerNeededOnlyDuringBoot(
    where isIncluded: (MemoryOwner) -> Bool
  ) -> MemoryOwner? {
    for index in 0..<count
    where self[index].isNeededOnlyDuringBoot && isIncluded(self[index].owner) {
      return self[index].owner
    }
    return nil
  }

  /// Removes all ranges of `owner` from the table, and visits, in stretches, the usable pages left
  /// without an owner.
  ///
  /// Each page is visited once, however many ranges touched it.  For an allocation these are the
  /// pages that lie entirely within it, as others may hold parts of the first and the last page.
  ///
  /// What `body` should do with them depends on which allocator has the memory by then; for boot
  /// memory itself there is ``NamedAllocating/releaseLate(_:in:of:below:_:)``.
  ///
  /// - Parameters:
  ///   - owner: The owner of the ranges; other owners' ranges stay, and keep the pages that they
  ///     share with these.
  ///   - map: The memory of the machine.
  ///   - limit: The end of the kernel's reach.
  ///   - body: Receives each stretch.
  /// - Returns: The number of pages.
  /// - Throws: What `body` throws; the range concerned then stays in the table, from the pages on
  ///   that `body` refused.
  /// - Complexity: O(k × n × (r + n)) for k ranges of the owner, r usable ranges and n owners.
  @discardableResult
  public mutating func release<Failure: Error>(
    _ owner: MemoryOwner, of map: MemoryMap, below limit: PageFrame = .end,
    _ body: (PageRange) throws(Failure) -> Void
  ) throws(Failure) -> UInt64 {
    var pageCount: UInt64 = 0
    try ledger.release(
      owner, below: limit.number,
      firstUsable: { map.firstUsablePages(in: $0) }
    ) { numbers throws(Failure) in
      let pages = PageRange(numbers)
      try body(pages)
      // Each page of the machine counts once, so the sum does not wrap.
      pageCount &+= pages.pageCount
    }
    return pageCount
  }
}

extension MemoryMap {
  /// The first usable pages of a window, by their numbers; nil if there are none.
  func firstUsablePages(in window: Range<UInt64>) -> Range<UInt64>? {
    var ranges = usablePages(in: PageRange(window))
    return ranges.next().map { $0.start.number..<$0.end.number }
  }
}

extension PageRange {
  /// The pages with these numbers.
  init(_ numbers: Range<UInt64>) {
    self.init(
      uncheckedStart: PageFrame(numbers.lowerBound), end: PageFrame(numbers.upperBound))
  }
}
