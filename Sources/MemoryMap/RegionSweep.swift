import PhysicalMemory

/// Turns regions in ascending order of their starts, which may overlap, into regions that are sorted
/// and disjoint, with neighbours of one kind merged.
///
/// Where regions overlap, the least usable kind wins.  Empty regions vanish.  The sweep is pure: it
/// reads its source once from front to back and keeps only the last address of each kind's regions
/// so far, because of two regions of one kind that both started the longer one is all that counts.
///
/// - Complexity: O(n) for n regions, with a factor for the number of kinds; at most 2n - 1 results.
package struct RegionSweep<Source: IteratorProtocol>: IteratorProtocol, Sequence
where Source.Element == MemoryRegion {
  private(set) var source: Source

  /// The next region of the source.
  private var upcoming: MemoryRegion?

  /// For each kind the last address of its regions that were taken from the source, or nil.
  private var lastOfKind: InlineArray<8, UInt64?>

  /// The first address that no result covers yet; nil behind the top of the address space.
  private var position: UInt64? = 0

  /// The result that waits for neighbours to merge with.
  private var waiting: MemoryRegion?

  /// Makes the sweep over `source`.
  package init(_ source: Source) {
    self.source = source
    lastOfKind = InlineArray(repeating: nil)
    precondition(lastOfKind.count == MemoryKind.count)
    advance()
  }

  package mutating func next() -> MemoryRegion? {
    while let piece = nextPiece() {
      guard let previous = waiting else {
        waiting = piece
        continue
      }
      if previous.kind == piece.kind, previous.range.end == piece.range.start,
        let last = piece.range.last,
        let merged = AddressRange(first: previous.range.start, last: last)
      {
        waiting = MemoryRegion(range: merged, kind: piece.kind)
        continue
      }
      waiting = piece
      return previous
    }
    defer { waiting = nil }
    return waiting
  }

  /// The next stretch of one kind, not yet merged with its neighbours.
  private mutating func nextPiece() -> MemoryRegion? {
    guard var start = position else { return nil }
    forget(before: start)
    if leastUsableKind == nil {
      guard let next = upcoming else { return nil }
      start = Swift.max(start, next.range.start.rawValue)
    }
    while let next = upcoming, next.range.start.rawValue <= start { take(next) }
    guard let kind = leastUsableKind, var last = lastOfKind[Int(kind.rawValue)] else { return nil }
    // Everything that starts inside the stretch is taken in; a less usable region ends it.
    while let next = upcoming, next.range.start.rawValue <= last {
      if next.kind > kind {
        // Above `start`, because all regions up to there were taken above.
        last = next.range.start.rawValue &- 1
        break
      }
      take(next)
      if next.kind == kind { last = Swift.max(last, next.range.last?.rawValue ?? 0) }
    }
    // All 2^64 addresses have no size in 64 bits: they are told in two pieces.
    if start == 0 && last == .max { last = .max / 2 }
    let range = AddressRange(first: PhysicalAddress(start), last: PhysicalAddress(last))
    position = last == .max ? nil : last + 1
    return range.map { MemoryRegion(range: $0, kind: kind) }
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

  private mutating func take(_ region: MemoryRegion) {
    if let last = region.range.last?.rawValue {
      let index = Int(region.kind.rawValue)
      lastOfKind[index] = Swift.max(last, lastOfKind[index] ?? 0)
    }
    advance()
  }

  /// Reads the next region that is not empty.
  private mutating func advance() {
    repeat { upcoming = source.next() } while upcoming?.range.isEmpty == true
  }
}
