// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// Maps as tests draw them: a column is a page, `_` is free, `#` is reserved, a dot lies in no node, and
/// `|` stands between nodes that adjoin; a node without pages is drawn by a second `|`.
extension FixedMemory {
  /// The nodes of a drawing, numbered from 0, whose first column is page `start`.
  package init(
    _ drawing: String, at start: UInt64 = 0, platform: BootMemoryPlatform = BootMemoryPlatform()
  ) {
    self.init(platform: platform)
    var page = start
    var nodeStart: UInt64?
    var node = 0
    var free: [Range<UInt64>] = []
    for column in drawing + "." {
      switch column {
      case "_", "#":
        if nodeStart == nil { nodeStart = page }
        if column == "_" { free.append(page..<page + 1) }
        page += 1
      default:
        // At `|` a node begins in any case, perhaps one without pages.
        if let first = nodeStart {
          try! register(node, first..<page)
          node += 1
        }
        nodeStart = column == "|" ? page : nil
        if column == "." { page += 1 }
      }
    }
    for range in free { try! freePages(range) }
  }

  /// The map from page `start` on to the end of the last node.
  package func drawing(at start: UInt64 = 0) -> String {
    var spans = (0..<memory.nodeCapacity).compactMap { memory.node(NodeID($0)) }
      .filter(\.isRegistered).map(\.span)
    spans.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    var text = ""
    var page = start
    for (index, span) in spans.enumerated() {
      while page < span.start.number {
        text += "."
        page += 1
      }
      if index > 0, spans[index - 1].end == span.start { text += "|" }
      while page < span.end.number {
        text += memory.isReserved(PageFrame(page))! ? "#" : "_"
        page += 1
      }
    }
    return text
  }

  /// The page at which the search of each node goes on.
  package var hints: [UInt64] {
    (0..<memory.nodeCapacity).compactMap { memory.node(NodeID($0)) }.filter(\.isRegistered)
      .map(\.hint.number)
  }
}
