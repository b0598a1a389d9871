// SPDX-License-Identifier: MIT
import BootMemoryTrace
import BootPlan
import TraceReplay
import PhysicalMemory

/// Memory over time: the owners of its stretches after calls of a trace.
public struct TraceHistory {
  /// How a stretch is shown.
  public struct Cell: Hashable, Sendable {
    /// The owner that is shown.
    public let owner: PageOwner

    /// Whether the owner has less than half of the stretch.
    public let isPart: Bool

    private init(_ owner: PageOwner, isPart: Bool = false) {
      self.owner = owner
      self.isPart = isPart
    }

    /// Makes the cell for `pages`; nil stands for a gap between nodes.
    ///
    /// - Complexity: O(ranges in it + log ranges).
    package init(_ pages: PageRange?, _ owners: PageOwners) {
      guard let pages else {
        self.init(.nobody)
        return
      }
      let counts = owners.counts(in: pages)
      if counts[PageOwner.nobody.rawValue] == pages.pageCount {
        self.init(.nobody)
        return
      }
      var best = PageOwner.free
      for owner in PageOwner.allCases where owner != .free && owner != .nobody {
        if counts[owner.rawValue] > (best == .free ? 0 : counts[best.rawValue]) { best = owner }
      }
      self.init(best, isPart: counts[best.rawValue] < (pages.pageCount + 1) / 2)
    }

    /// The colour, `#rrggbb`.
    var colour: UInt32 { isPart ? owner.colour.paleRGB : owner.colour.rgb }
  }

  /// The state after a call.
  public struct Row: Sendable {
    /// The last call before the state.
    public let operation: Trace.Operation

    /// The cells, one for each column.
    public let cells: [Cell]

    /// The number of calls after it that are to be shown and leave all cells as they are.
    public fileprivate(set) var repeatCount = 0

    /// The last call that leaves all cells as they are; ``operation`` where there is none.
    public fileprivate(set) var lastOperation: Trace.Operation
  }

  /// A node that the trace registers.
  public struct Node: Hashable, Sendable {
    /// Its number.
    public let number: Int

    /// Its pages.
    public let pages: PageRange
  }

  /// The stretches that the columns stand for; nil for a gap between nodes.
  public let columns: [PageRange?]

  /// The number of pages of a whole stretch.
  public let stretchPageCount: UInt64

  /// The nodes in ascending order.
  public let nodes: [Node]

  /// The rows from first to last; calls that leave all cells as they are have none of their own.
  public private(set) var rows: [Row] = []

  /// The number of calls that change memory.
  public let changeCount: Int

  /// The number of calls that are shown.
  public var shownCount: Int { rows.reduce(0) { $0 + 1 + $1.repeatCount } }

  /// Whether calls were left out.
  public var isSampled: Bool { changeCount > shownCount }

  /// Draws the calls of `trace` that change memory; of more than `maximumRowCount` only some, at
  /// equal distances, the last one included.
  ///
  /// - Parameters:
  ///   - trace: The calls.
  ///   - columnCount: The number of cells in a row.
  ///   - maximumRowCount: The most rows to draw.
  ///   - progress: Called with the number of calls done.
  /// - Returns: nil for a trace that registers no node.
  public init?(
    _ trace: Trace, columnCount: Int = 256, maximumRowCount: Int = 400,
    progress: (Int) -> Void = { _ in }
  ) {
    let effects = trace.operations.map { $0.effect(of: $0.result) }
    var nodes: Set<Node> = []
    for (operation, effect) in zip(trace.operations, effects) {
      if case .registers(let span) = effect, !span.isEmpty {
        nodes.insert(Node(number: operation.node.rawValue, pages: span))
      }
    }
    guard !nodes.isEmpty else { return nil }
    self.nodes = nodes.sorted { ($0.pages.start, $0.number) < ($1.pages.start, $1.number) }
    (columns, stretchPageCount) = Self.columns(
      of: self.nodes.map { $0.pages }, maximumCount: columnCount)
    changeCount = effects.count { $0 != .nothing }
    var owners = PageOwners()
    var changeNumber = 0
    for (index, effect) in effects.enumerated() where effect != .nothing {
      progress(index)
      owners.apply(effect, of: trace.operations[index].call)
      changeNumber += 1
      // The last change, which has the highest number, is always drawn.
      let wanted = min(maximumRowCount, changeCount)
      if changeNumber * wanted / changeCount > (changeNumber - 1) * wanted / changeCount {
        let operation = trace.operations[index]
        let cells = columns.map { Cell($0, owners) }
        if let last = rows.indices.last, rows[last].cells == cells {
          rows[last].repeatCount += 1
          rows[last].lastOperation = operation
        } else {
          rows.append(Row(operation: operation, cells: cells, lastOperation: operation))
        }
      }
    }
  }

  /// Cuts the nodes into stretches of the smallest power of two that gives few enough, with a gap
  /// where pages lie between two nodes.
  private static func columns(
    of spans: [PageRange], maximumCount: Int
  ) -> (columns: [PageRange?], stretchPageCount: UInt64) {
    var areas: [PageRange] = []
    for span in spans.sorted(by: { $0.start < $1.start }) {
      if let last = areas.last, last.end >= span.start,
        let joined = PageRange(start: last.start, end: max(last.end, span.end))
      {
        areas[areas.count - 1] = joined
      } else {
        areas.append(span)
      }
    }
    var shift: UInt64 = 0
    func count(_ area: PageRange) -> UInt64 {
      (area.pageCount >> shift) + (area.pageCount & ((1 << shift) - 1) == 0 ? 0 : 1)
    }
    // More areas than columns cannot be helped: then each gets one.
    let limit = UInt64(max(maximumCount, 2 * areas.count - 1))
    while areas.map(count).reduce(UInt64(areas.count) - 1, +) > limit { shift += 1 }
    var columns: [PageRange?] = []
    for area in areas {
      if !columns.isEmpty { columns.append(nil) }
      var start = area.start
      while start < area.end {
        let end = area.end.number - start.number > 1 << shift ? start.number + (1 << shift) : nil
        let next = end.map { PageFrame($0) } ?? area.end
        columns.append(PageRange(start: start, end: next))
        start = next
      }
    }
    return (columns, 1 << shift)
  }
}
