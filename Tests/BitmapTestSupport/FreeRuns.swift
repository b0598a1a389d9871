// SPDX-License-Identifier: MIT

/// Which pages are free, as the ascending list of their runs: what the tree must never differ from.
///
/// Simple on purpose: no words, no levels, nothing remembered.  Its cost grows with the number of
/// runs, however far they lie apart.
package struct FreeRuns: Equatable {
  /// The runs; no two of them touch.
  package private(set) var runs: [Range<Int>] = []

  /// Makes a list in which no page is free.
  package init() {}

  /// The index of the first run that ends above `page`.
  private func firstIndex(endingAbove page: Int) -> Int {
    var (low, high) = (0, runs.count)
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].upperBound > page { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Whether a page is free.
  package func isFree(_ page: Int) -> Bool { first(free: true, in: page..<page + 1) != nil }

  /// Makes pages free, or reserved.
  package mutating func set(_ pages: Range<Int>, free: Bool) {
    guard !pages.isEmpty else { return }
    // The runs that overlap or touch `pages`.
    let first = firstIndex(endingAbove: pages.lowerBound - 1)
    var end = first
    while end < runs.count, runs[end].lowerBound <= pages.upperBound { end += 1 }
    guard first < end || free else { return }
    let start = first < end ? min(runs[first].lowerBound, pages.lowerBound) : pages.lowerBound
    let behind = first < end ? max(runs[end - 1].upperBound, pages.upperBound) : pages.upperBound
    let rest = free ? [start..<behind] : [start..<pages.lowerBound, pages.upperBound..<behind]
    runs.replaceSubrange(first..<end, with: rest.filter { !$0.isEmpty })
  }

  /// The first page in `pages` that is free, or is reserved.
  package func first(free: Bool, in pages: Range<Int>) -> Int? {
    guard !pages.isEmpty else { return nil }
    let index = firstIndex(endingAbove: pages.lowerBound)
    let page: Int
    if free {
      guard index < runs.count else { return nil }
      page = max(runs[index].lowerBound, pages.lowerBound)
    } else {
      let isInRun = index < runs.count && runs[index].contains(pages.lowerBound)
      page = isInRun ? runs[index].upperBound : pages.lowerBound
    }
    return page < pages.upperBound ? page : nil
  }
}
