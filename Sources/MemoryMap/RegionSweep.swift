// SPDX-License-Identifier: MIT

/// Turns stretches in ascending order of their starts, which may overlap, into stretches that are
/// sorted and disjoint, with neighbours of one kind merged.
///
/// Where stretches overlap, the least usable kind wins.  The sweep is pure, and the same for bytes
/// and for pages.  It reads its source once, from front to back, and stores only the last number
/// reached so far for each kind: of two stretches of one kind that have both started, only the one
/// that ends last counts.
///
/// - Complexity: O(n) for n stretches, with a factor for the number of kinds; at most 2n - 1
///   results.
package struct RegionSweep<Source: IteratorProtocol>: IteratorProtocol
where Source.Element == KindStretch {
  private(set) var source: Source

  /// The next stretch of the source.
  private var upcoming: KindStretch?

  /// For each kind, the last number of the stretches taken from the source so far, or nil.
  private var lastOfKind: InlineArray<8, UInt64?>

  /// The first number that no result covers yet; nil once the last possible number is covered.
  private var position: UInt64? = 0

  /// The result held back until it is clear that the next one cannot be merged with it.
  private var waiting: KindStretch?

  /// Makes a sweep over `source`.
  package init(_ source: Source) {
    self.source = source
    lastOfKind = InlineArray(repeating: nil)
    precondition(lastOfKind.count == MemoryKind.count)
    upcoming = self.source.next()
  }

  @inline(never)
  package mutating func next() -> KindStretch? {
    while let piece = nextPiece() {
      guard let previous = waiting else {
        waiting = piece
        continue
      }
      // The previous one ends below this one, so adding 1 cannot wrap.
      if previous.kind == piece.kind, previous.last &+ 1 == piece.first {
        waiting = KindStretch(first: previous.first, last: piece.last, kind: piece.kind)
        continue
      }
      waiting = piece
      return previous
    }
    defer { waiting = nil }
    return waiting
  }

  /// The next stretch of one kind, not yet merged with its neighbours.
  @inline(never)
  private mutating func nextPiece() -> KindStretch? {
    guard var start = position else { return nil }
    forget(before: start)
    if leastUsableKind == nil {
      guard let next = upcoming else { return nil }
      start = max(start, next.first)
    }
    while let next = upcoming, next.first <= start { take(next) }
    guard let kind = leastUsableKind, var last = lastOfKind[Int(kind.rawValue)] else { return nil }
    // Everything that starts inside the stretch is taken in; a less usable region ends it.
    while let next = upcoming, next.first <= last {
      if next.kind > kind {
        // Above `start`, because all stretches up to there were taken above.
        last = next.first &- 1
        break
      }
      take(next)
      if next.kind == kind { last = max(last, next.last) }
    }
    position = last == .max ? nil : last + 1
    return KindStretch(first: start, last: last, kind: kind)
  }

  private var leastUsableKind: MemoryKind? {
    for index in stride(from: MemoryKind.count - 1, through: 0, by: -1)
    where lastOfKind[index] != nil {
      return MemoryKind(rawValue: UInt8(truncatingIfNeeded: index))
    }
    return nil
  }

  private mutating func forget(before start: UInt64) {
    for index in 0..<MemoryKind.count {
      if let last = lastOfKind[index], last < start { lastOfKind[index] = nil }
    }
  }

  private mutating func take(_ stretch: KindStretch) {
    let index = Int(stretch.kind.rawValue)
    lastOfKind[index] = max(stretch.last, lastOfKind[index] ?? 0)
    upcoming = source.next()
  }
}
