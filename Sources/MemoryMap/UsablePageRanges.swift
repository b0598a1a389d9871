import PhysicalMemory

/// The ranges of usable pages of a map in ascending order, cut to a window.
///
/// No range is empty, and no two of them touch.
public struct UsablePageRanges: Sequence, IteratorProtocol {
  private let map: MemoryMap
  private let window: PageRange?
  private var index = 0

  /// Makes the sequence; with nil as the window it is empty.
  ///
  /// - Complexity: O(log n).
  init(_ map: MemoryMap, window: PageRange?) {
    self.map = map
    self.window = window
    guard let window else { return }
    // The first region that ends behind the window's start: regions ascend and do not overlap.
    var end = map.count
    while index < end {
      let middle = (index + end) / 2
      if map[middle].range.roundedDownEnd <= window.start {
        index = middle + 1
      } else {
        end = middle
      }
    }
  }

  /// The next range, or nil behind the last.
  ///
  /// - Complexity: O(n) for the whole walk, n being the regions in the window.
  public mutating func next() -> PageRange? {
    guard let window else { return nil }
    while index < map.count {
      let region = map[index]
      index += 1
      guard region.kind == .usable, let pages = region.range.wholePages else { continue }
      if pages.start >= window.end { return nil }
      if let part = pages.intersection(window) { return part }
    }
    return nil
  }
}
