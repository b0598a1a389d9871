// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Giving up what was needed only until the kernel has started.
extension OwnerTable {
  /// The owner of the first range that is needed only during boot; nil if there is none left.
  ///
  /// - Complexity: O(n).
  public borrowing func firstOwnerNeededOnlyDuringBoot() -> MemoryOwner? {
    firstOwnerNeededOnlyDuringBoot(where: { _ in true })
  }

  // A function apart from the one above: a default argument that is a closure would make a kernel's
  // debug build count references, which takes a heap.

  /// The first such owner that matches `isIncluded`.
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

  /// Removes all ranges of `owner` from the table, and visits, in stretches, the usable pages that
  /// have no owner left: each page once, however many ranges touched it.  Of an allocation these are
  /// pages that lie in it as a whole, since others may have parts of the first and the last.
  ///
  /// What `body` is to do with them depends on who has the memory by then; for boot memory itself
  /// there is ``NamedAllocating/releaseLate(_:in:of:below:_:)``.
  ///
  /// - Parameters:
  ///   - owner: Whose ranges; others stay, and keep the pages that they share with these.
  ///   - map: The memory of the machine.
  ///   - limit: The end of the kernel's reach.
  ///   - body: Takes a stretch.
  /// - Returns: The number of pages.
  /// - Throws: What `body` throws; the range that it was about stays in the table from the pages on
  ///   that `body` refused.
  /// - Complexity: O(k × n × (r + n)) for k ranges of the owner's, r usable ranges and n owners.
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
      // Pages of the machine, each once.
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
