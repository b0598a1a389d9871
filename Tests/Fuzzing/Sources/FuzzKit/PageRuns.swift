// SPDX-License-Identifier: MIT

/// Numbers of pages as ascending runs that do not touch: as plain as it can be, and short enough in
/// every run of a fuzzer.
public struct PageRuns: Equatable, Sendable {
  /// The runs.
  public private(set) var runs: [Range<UInt64>] = []

  /// No page.
  public init() {
    runs.reserveCapacity(8)
  }

  /// The number of pages.
  public var count: UInt64 { runs.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

  /// Adds `pages`.
  public mutating func insert(_ pages: Range<UInt64>) {
    guard !pages.isEmpty else { return }
    let first = runs.firstIndex { $0.upperBound >= pages.lowerBound } ?? runs.count
    var last = first
    var merged = pages
    while last < runs.count, runs[last].lowerBound <= pages.upperBound {
      let lower = min(merged.lowerBound, runs[last].lowerBound)
      merged = lower..<max(merged.upperBound, runs[last].upperBound)
      last += 1
    }
    runs.replaceSubrange(first..<last, with: CollectionOfOne(merged))
  }

  /// Takes `pages` out.
  public mutating func remove(_ pages: Range<UInt64>) {
    guard !pages.isEmpty else { return }
    var index = runs.firstIndex { $0.upperBound > pages.lowerBound } ?? runs.count
    while index < runs.count, runs[index].lowerBound < pages.upperBound {
      let run = runs[index]
      let below = run.lowerBound..<max(run.lowerBound, pages.lowerBound)
      let above = min(run.upperBound, pages.upperBound)..<run.upperBound
      switch (below.isEmpty, above.isEmpty) {
      case (true, true): runs.remove(at: index)
      case (false, true):
        runs[index] = below
        index += 1
      case (true, false):
        runs[index] = above
        index += 1
      case (false, false):
        runs[index] = below
        runs.insert(above, at: index + 1)
        index += 2
      }
    }
  }

  /// The first of `pages` that is among these; nil if none is.
  public func first(in pages: Range<UInt64>) -> UInt64? {
    for run in runs where run.overlaps(pages) { return max(run.lowerBound, pages.lowerBound) }
    return nil
  }

  /// The first of `pages` that is not among these; nil if all are.
  public func firstGap(in pages: Range<UInt64>) -> UInt64? {
    guard !pages.isEmpty else { return nil }
    for run in runs where run.contains(pages.lowerBound) {
      return run.upperBound < pages.upperBound ? run.upperBound : nil
    }
    return pages.lowerBound
  }

  /// Whether all of `pages` are among these.
  public func contains(_ pages: Range<UInt64>) -> Bool { firstGap(in: pages) == nil }
}
