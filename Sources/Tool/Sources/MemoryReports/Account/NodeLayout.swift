// SPDX-License-Identifier: MIT
import Bootmem
import MapFiles

/// Which memory of a machine belongs to which node, and which is hot-pluggable: as a file says, or
/// as if the memory were shared out.
public struct NodeLayout {
  /// The ranges of the nodes.
  public private(set) var ranges: [NodeMemory] = []

  /// The memory that is hot-pluggable, in addition to what the ranges say of it.
  public private(set) var hotPluggable: [AddressRange] = []

  /// The number of nodes, including those without memory; at least 1.
  public private(set) var nodeCount = 1

  /// Remarks on the file, each as a sentence.
  public private(set) var notes: [String] = []

  /// The layout that a file itself gives, without the tables that its machine has.
  init(linesOf file: MapFile) {
    ranges = file.nodes
    hotPluggable = file.hotPluggable
    nodeCount = max(file.kernel?.nodeCount ?? 1, (ranges.map { $0.node }.max() ?? 0) + 1)
  }

  /// The layout of another machine, from a file of any form that has nodes: a text, a device tree,
  /// or a dump of memory with ACPI's tables.
  ///
  /// - Returns: nil if the file mentions neither nodes nor hot-pluggable memory.
  public init?(of file: MapFile) {
    self.init(linesOf: file)
    notes = file.notes
    if ranges.isEmpty && hotPluggable.isEmpty {
      let account = FileAccount(of: file)
      ranges = account.nodes
      hotPluggable = account.hotPluggable
      nodeCount = account.account.nodes.nodeCount
      // Problems with its map are of no interest here.
      notes = Array(account.notes.dropFirst(file.notes.count))
    }
    guard !ranges.isEmpty || !hotPluggable.isEmpty else { return nil }
  }

  /// Shares the usable memory of `regions` out in ascending order; the remainder belongs to the
  /// last node.
  ///
  /// - Returns: nil if there is not enough memory.
  public init?(sharing regions: [MemoryRegion], _ shares: NodeShares) {
    let sanitized = SanitizedMap(regions)
    defer { withExtendedLifetime(sanitized) {} }
    var rest = shares.pageCounts(of: sanitized.map.usablePageCount())
    nodeCount = rest.count
    var node = 0
    for pages in sanitized.map.usablePages() {
      var start = pages.start
      while start < pages.end {
        while rest[node] == 0, node + 1 < rest.count { node += 1 }
        let free = PageRange(start..<pages.end).pageCount
        let pageCount = node + 1 < rest.count ? min(free, rest[node]) : free
        rest[node] -= min(rest[node], pageCount)
        guard let part = PageRange(start: start, pageCount: pageCount),
          let range = AddressRange(part)
        else { return nil }
        ranges.append(
          NodeMemory(
            line: nil, node: node, proximityDomain: UInt64(node), range: range,
            isHotPluggable: false))
        start = part.end
      }
    }
    guard rest.allSatisfy({ $0 == 0 }) else { return nil }
  }
}

/// How much of a machine's memory each node has.
public enum NodeShares: Hashable, Sendable {
  /// `count` nodes, at least one, with equally many pages each.
  case equal(count: Int)

  /// Nodes, at least one, of these sizes in bytes, rounded down to pages.
  case sizes([UInt64])

  /// The most nodes that a plan has.
  public static var limit: Int { BootScenario.nodeCapacity }

  /// The number of nodes.
  public var count: Int {
    switch self {
    case .equal(let count): count
    case .sizes(let sizes): sizes.count
    }
  }

  /// The number of pages of each node, out of `total`.
  fileprivate func pageCounts(of total: UInt64) -> [UInt64] {
    switch self {
    case .equal(let count): Array(repeating: total / UInt64(count), count: count)
    case .sizes(let sizes): sizes.map { $0 >> PageFrame.byteCountShift }
    }
  }
}
