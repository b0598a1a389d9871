// SPDX-License-Identifier: MIT
import PageAllocator
import PhysicalMemory

/// What becomes of the few pages of a ``SmallPageWorld``, by the rules of the allocator's
/// documentation alone.
struct SmallPageModel: Hashable {
  enum Page: Hashable {
    case free
    case reserved
    case head
    case rest
  }

  enum Outcome: Equatable {
    case done
    case allocated(Range<Int>)
    case failed(PageAllocatorError)
  }

  /// What never changes.
  private struct Place: Hashable {
    let span: Range<Int>
    let tree: Range<Int>
    /// The pages that are not reserved for good, ascending.
    let numbers: [Int]
    let releasable: [Range<Int>]
  }

  private let place: Place
  private var pages: [Int: Page] = [:]

  init(_ span: Range<Int>, tree: Range<Int>, free: [Range<Int>], released: [Range<Int>]) {
    for page in released.joined() { pages[page] = .reserved }
    for page in free.joined() { pages[page] = .free }
    place = Place(span: span, tree: tree, numbers: pages.keys.sorted(), releasable: released)
  }

  /// Calls on each of the pages, and on others, which are refused.
  var calls: [SmallPageCall] {
    let kept = place.tree.lowerBound
    let others = [kept, place.tree.upperBound, place.span.upperBound]
    var calls: [SmallPageCall] = []
    for order in 0...2 {
      for limit in [nil, place.numbers[place.numbers.count / 2]] {
        calls.append(.allocate(order: order, limit: limit))
      }
      for page in place.numbers + others { calls.append(.free(page, order: order)) }
    }
    calls.append(.allocateRun(count: 3))
    for page in place.numbers { calls.append(.freeRun(page..<page + 3)) }
    for range in place.releasable { calls.append(.release(range)) }
    for page in place.numbers + [kept, place.span.upperBound] {
      calls.append(.release(page..<page + 1))
    }
    // From a page that may be free to one that is kept for good.
    calls.append(.release(kept - 1..<kept + 1))
    return calls
  }

  /// Makes a call.
  ///
  /// - Returns: What is wrong with its outcome; nil if nothing is.
  mutating func difference(_ call: SmallPageCall, _ outcome: Outcome) -> String? {
    switch call {
    case .allocate(let order, let limit):
      return allocated(
        outcome, count: 1 << order, alignment: 1 << order, below: limit ?? .max,
        failing: .outOfPages(order: order))
    case .allocateRun(let count):
      return allocated(
        outcome, count: count, alignment: 1, below: .max,
        failing: .outOfRuns(pageCount: UInt64(count), alignment: 1))
    case .free(let page, let order):
      let error = PageAllocatorError.notAllocated(
        PageFrame(UInt64(page)), order: order, finding(page))
      let isRight = blockCount(at: page) == 1 << order && page & (1 << order - 1) == 0
      return freed(page..<page + 1 << order, outcome, failing: isRight ? nil : error)
    case .freeRun(let run):
      let isRight = blockCount(at: run.lowerBound) == run.count
      return freed(
        run, outcome,
        failing: isRight
          ? nil : .runNotAllocated(PageRange(run), finding(run.lowerBound)))
    case .release(let range):
      let bad = range.first { finding($0) != .reserved }
      return freed(
        range, outcome,
        failing: bad.map { .notReleasable(PageFrame(UInt64($0)), finding($0)) })
    }
  }

  private mutating func allocated(
    _ outcome: Outcome, count: Int, alignment: Int, below limit: Int,
    failing error: PageAllocatorError
  ) -> String? {
    func isRight(_ first: Int) -> Bool {
      first % alignment == 0 && first + count <= limit
        && (first..<first + count).allSatisfy { pages[$0] == .free }
    }
    switch outcome {
    case .done: return "nothing was given out"
    case .failed(let found):
      if let first = place.numbers.first(where: isRight) { return "\(first) could be given out" }
      return found == error ? nil : "it should be \(error)"
    case .allocated(let given):
      guard given.count == count, isRight(given.lowerBound) else { return "they are not free" }
      for page in given { pages[page] = page == given.lowerBound ? .head : .rest }
      return nil
    }
  }

  private mutating func freed(
    _ range: Range<Int>, _ outcome: Outcome, failing error: PageAllocatorError?
  ) -> String? {
    if let error { return outcome == .failed(error) ? nil : "it should be \(error)" }
    for page in range { pages[page] = .free }
    return outcome == .done ? nil : "it should be done"
  }

  /// How many pages the block or run has that begins there; 0 if none does.
  private func blockCount(at page: Int) -> Int {
    guard pages[page] == .head else { return 0 }
    var end = page + 1
    while pages[end] == .rest { end += 1 }
    return end - page
  }

  private func finding(_ page: Int) -> PageFinding {
    guard place.span.contains(page) else { return .outsideNodes }
    if place.tree.contains(page) { return .tree(NodeID(0)) }
    switch pages[page] {
    case .free: return .free
    case .rest: return .insideBlock
    case .reserved, nil: return .reserved
    case .head:
      let count = blockCount(at: page)
      let isBlock = count.nonzeroBitCount == 1 && page % count == 0
      return isBlock ? .block(order: count.trailingZeroBitCount) : .run(pageCount: UInt64(count))
    }
  }

  var freePageCount: UInt64 { UInt64(pages.values.count { $0 == .free }) }

  /// How many free blocks there are of each order, none part of a larger one.
  var freeBlockCounts: [UInt64] {
    var counts = [UInt64](repeating: 0, count: 11)
    var next = 0
    for page in place.numbers where page >= next && pages[page] == .free {
      var order = 0
      while page & (2 << order - 1) == 0,
        (page..<page + 2 << order).allSatisfy({ pages[$0] == .free })
      {
        order += 1
      }
      counts[order] += 1
      next = page + 1 << order
    }
    return counts
  }
}
