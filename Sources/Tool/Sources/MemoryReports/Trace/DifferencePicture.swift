// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import TraceReplay
import MapFiles
import PhysicalMemory

/// The pages around a call whose result differs from that in the trace: as the trace has them after
/// the call, and as they are now.
public struct DifferencePicture {
  /// The number of pages in a row.
  public static let rowPageCount: UInt64 = 64

  /// A row of pages, a character each, in both maps.
  public struct Row: Equatable, Sendable {
    /// The first page.
    public let start: PageFrame

    /// The pages as the trace has them: `.` free, `#` reserved, a space for a page of no node.
    public let traced: String

    /// The pages as they are.
    public let replayed: String
  }

  /// The rows around the pages that either result is about, in ascending order.
  public let rows: [Row]

  /// Compares the maps before and after `difference`.
  ///
  /// - Parameters:
  ///   - difference: The call.
  ///   - pages: What to show if the call is about no pages in particular.
  ///   - before: The memory as it was before the call, which both have in common.
  ///   - after: The memory as it is.
  public init(
    of difference: TraceReplayer.Difference, elsewise pages: PageRange?,
    before: TraceReplayer, after: TraceReplayer
  ) {
    let operation = difference.operation
    let effect = operation.effect(of: operation.result)
    var starts: Set<UInt64> = []
    let results = [operation.result, difference.result]
    var touched = results.compactMap { operation.pages(of: $0) }
    if touched.isEmpty, let pages { touched = [pages] }
    for pages in touched {
      // For a long range both ends are enough, with a row on either side.
      for page in [pages.start.number, max(pages.end.number, 1) - 1] {
        let row = page / Self.rowPageCount
        for number in (row == 0 ? 0 : row - 1)...(row + 1) {
          starts.insert(number * Self.rowPageCount)
        }
      }
    }
    rows = starts.sorted().map { start in
      let numbers = start..<start + Self.rowPageCount
      return Row(
        start: PageFrame(start),
        traced: String(
          numbers.map { number in
            let page = PageFrame(number)
            let state = before.memory.isReserved(page)
            return Self.character(state.map { effect.isReserved(page) ?? $0 })
          }),
        replayed: String(
          numbers.map { Self.character(after.memory.isReserved(PageFrame($0))) }))
    }
  }

  private static func character(_ isReserved: Bool?) -> Character {
    switch isReserved {
    case true?: "#"
    case false?: "."
    case nil: " "
    }
  }

  /// Both maps, one below the other, with marks where they differ.
  public var text: String {
    guard !rows.isEmpty else { return "" }
    var text = "one character is a page: . free, # reserved, nothing: of no node\n"
    for row in rows where !(row.traced + row.replayed).allSatisfy({ $0 == " " }) {
      let place = addressText(row.start.number << PageFrame.byteCountShift)
      text += "  \(place) trace  \(row.traced)\n  \(place) replay \(row.replayed)\n"
      let marks = String(zip(row.traced, row.replayed).map { $0 == $1 ? " " : "^" })
      if let last = marks.lastIndex(of: "^") {
        text += String(repeating: " ", count: 26) + marks[...last] + "\n"
      }
    }
    return text
  }
}

extension Trace.Effect {
  /// Whether `page` ends up reserved; nil if it stays as it is.
  fileprivate func isReserved(_ page: PageFrame) -> Bool? {
    switch self {
    case .frees(let pages): pages.contains(page) ? false : nil
    case .reserves(let pages): pages.contains(page) ? true : nil
    case .allocates(let range): range.touchedPages.contains(page) ? true : nil
    case .registers(let pages): pages.contains(page) ? true : nil
    case .nothing, .handsOver, .releases: nil
    }
  }
}
