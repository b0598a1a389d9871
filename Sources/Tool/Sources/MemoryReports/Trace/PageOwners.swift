// SPDX-License-Identifier: MIT
import BootMemoryTrace
import PhysicalMemory
import TraceReplay

/// The owner of every page, kept as ranges: the cost depends on how often the owner changes from
/// page to page, not on the number of pages.
package struct PageOwners {
  /// Where an owner's pages begin, in ascending order; they end where the next one begins.
  private var starts: [UInt64] = [0]
  private var owners: [PageOwner] = [.nobody]

  package init() {}

  /// Gives to `owner` those of `pages` whose present owner satisfies `replaces`.
  ///
  /// - Complexity: O(ranges).
  package mutating func set(
    _ pages: PageRange, to owner: PageOwner, where replaces: (PageOwner) -> Bool = { _ in true }
  ) {
    guard !pages.isEmpty else { return }
    let first = split(at: pages.start.number)
    let end = split(at: pages.end.number)
    for index in first..<end where replaces(owners[index]) { owners[index] = owner }
    join(from: max(first, 1), through: end)
  }

  /// Gives all pages of one owner to another.
  package mutating func setAll(_ owner: PageOwner, to other: PageOwner) {
    for index in owners.indices where owners[index] == owner { owners[index] = other }
    join(from: 1, through: owners.count - 1)
  }

  /// Applies the effect of a call in a trace.
  package mutating func apply(_ effect: Trace.Effect, of call: TraceCall) {
    switch effect {
    case .nothing: break
    case .registers(let span): set(span, to: .firmware)
    case .frees(let pages): set(pages, to: .free)
    case .reserves(let pages): set(pages, to: .reserved) { $0 == .free || $0 == .firmware }
    case .allocates(let range):
      // The first page may be shared with the allocation before.
      set(range.touchedPages, to: PageOwner(allocatingCall: call))
    case .handsOver: setAll(.free, to: .released)
    case .releases(let pages): set(pages, to: .released)
    }
  }

  /// The number of pages of each owner in `pages`, by the owner's raw value.
  package func counts(in pages: PageRange) -> [UInt64] {
    var counts = Array(repeating: UInt64(0), count: PageOwner.allCases.count)
    var index = self.index(of: pages.start.number)
    var page = pages.start.number
    while page < pages.end.number {
      let end =
        index + 1 < starts.count ? min(starts[index + 1], pages.end.number) : pages.end.number
      counts[owners[index].rawValue] += end - page
      page = end
      index += 1
    }
    return counts
  }

  /// The index of the range with `page` in it.
  private func index(of page: UInt64) -> Int {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] <= page { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }

  /// Makes a range begin at `page`.
  private mutating func split(at page: UInt64) -> Int {
    let index = index(of: page)
    if starts[index] == page { return index }
    starts.insert(page, at: index + 1)
    owners.insert(owners[index], at: index + 1)
    return index + 1
  }

  /// Joins neighbours of the same owner where the second of them is one of these ranges.
  private mutating func join(from first: Int, through last: Int) {
    for index in stride(from: min(last, owners.count - 1), through: first, by: -1)
    where owners[index] == owners[index - 1] {
      owners.remove(at: index)
      starts.remove(at: index)
    }
  }
}
