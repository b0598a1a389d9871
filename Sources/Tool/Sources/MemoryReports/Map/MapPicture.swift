// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// A memory map drawn as cells, one for each stretch of equal size, in rows.
///
/// Rows without any memory are left out, and the first of three or more equal rows stands for all.
public struct MapPicture {
  /// What is in a stretch.
  public enum Cell: Hashable, Sendable {
    /// Nothing that the map knows of.
    case nothing
    /// Memory of one kind, and perhaps a hole.
    case kind(MemoryKind)
    /// Memory of several kinds.
    case several
  }

  /// A row of cells.
  public struct Row: Sendable {
    /// The first address.
    public let start: PhysicalAddress

    /// The stretches.
    public let cells: [Cell]

    /// Whether rows without memory were left out before this one.
    public let followsGap: Bool

    /// The number of rows after this one that look like it and were left out.
    public fileprivate(set) var repeatCount = 0
  }

  /// The size of a stretch, a power of two.
  public let stretchByteCount: UInt64

  /// The rows in ascending order.
  public let rows: [Row]

  /// Draws sorted and disjoint regions below `end` in at most `maximumRowCount` rows.
  ///
  /// - Parameters:
  ///   - regions: The regions.
  ///   - end: The end of the picture; nil for the end of the last region.
  ///   - columnCount: The number of cells in a row.
  ///   - maximumRowCount: The most rows to draw.
  ///   - borders: Addresses to show: a row with one between its stretches is not left out.
  /// - Complexity: O(rows × columns × log n) for n regions.
  public init(
    _ regions: [MemoryRegion], below end: PhysicalAddress? = nil, columnCount: Int,
    maximumRowCount: Int, borders: [PhysicalAddress] = []
  ) {
    let regions = regions.filter { !$0.range.isEmpty && $0.range.start < end ?? .init(.max) }
    let limit = end?.rawValue ?? .max
    var shift = PageFrame.byteCountShift
    while Self.rowNumbers(regions, limit, shift: shift, columnCount).count > maximumRowCount {
      shift += 1
    }
    stretchByteCount = 1 << shift
    var rows: [Row] = []
    var expected: UInt64 = 0
    for number in Self.rowNumbers(regions, limit, shift: shift, columnCount) {
      let first = number * UInt64(columnCount)
      let cells = (0..<UInt64(columnCount)).map { Self.cell(first + $0, shift: shift, of: regions) }
      rows.append(
        Row(
          start: PhysicalAddress(first << shift), cells: cells, followsGap: number != expected))
      expected = number + 1
    }
    func number(_ address: PhysicalAddress) -> UInt64 {
      (address.rawValue >> shift) / UInt64(columnCount)
    }
    let borderedRows = Set(borders.map(number))
    self.rows = Self.folded(rows) { borderedRows.contains(number($0.start)) }
  }

  /// The rows without the repetitions of equal rows, as far as these may be left out.
  private static func folded(_ rows: [Row], where isKept: (Row) -> Bool) -> [Row] {
    var result: [Row] = []
    var index = 0
    while index < rows.count {
      var row = rows[index]
      let equal = rows[(index + 1)...].prefix {
        $0.cells == row.cells && !$0.followsGap && !isKept($0)
      }
      if equal.count >= 2, !isKept(row) {
        row.repeatCount = equal.count
        index += equal.count
      }
      result.append(row)
      index += 1
    }
    return result
  }

  /// The numbers of the rows with memory in them, ascending; at most a few more than are wanted.
  private static func rowNumbers(
    _ regions: [MemoryRegion], _ limit: UInt64, shift: UInt64, _ columnCount: Int
  ) -> [UInt64] {
    var numbers: [UInt64] = []
    for region in regions {
      guard let last = region.range.last else { continue }
      let firstRow = (region.range.start.rawValue >> shift) / UInt64(columnCount)
      let lastRow = (min(last.rawValue, limit &- 1) >> shift) / UInt64(columnCount)
      var row = max(firstRow, numbers.last.map { $0 + 1 } ?? 0)
      while row <= lastRow {
        numbers.append(row)
        // More than anybody draws: the stretch is too small anyway.
        if numbers.count > 4096 { return numbers }
        row += 1
      }
    }
    return numbers
  }

  private static func cell(_ index: UInt64, shift: UInt64, of regions: [MemoryRegion]) -> Cell {
    let (start, overflow) = index.multipliedReportingOverflow(by: 1 << shift)
    guard !overflow else { return .nothing }
    let last = start | ((1 << shift) - 1)
    // The first region that ends at or above the start.
    var low = 0
    var high = regions.count
    while low < high {
      let middle = (low + high) / 2
      if regions[middle].range.last?.rawValue ?? 0 < start {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var cell = Cell.nothing
    while low < regions.count, regions[low].range.start.rawValue <= last {
      let kind = Cell.kind(regions[low].kind)
      cell = cell == .nothing || cell == kind ? kind : .several
      low += 1
    }
    return cell
  }
}
