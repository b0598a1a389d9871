// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

/// The memory maps in the log of one boot.
struct KernelLogMaps {
  /// What printed a map.
  enum Source: Hashable {
    /// An e820 map, with the marker before its lines.
    case e820(String)
    /// EFI's own map, as Linux for x86 prints it.
    case efi
    /// EFI's own map, as Linux for processors with a device tree prints it.
    case efiBesideTree
    /// The tables of the allocator that Linux begins with.
    case memblock
    /// The memory of each node.
    case earlyNodes

    /// The name as it appears in the log.
    var title: String {
      switch self {
      case .e820(let marker): marker
      case .efi, .efiBesideTree: "efi:"
      case .memblock: "MEMBLOCK configuration"
      case .earlyNodes: "Early memory node ranges"
      }
    }

    /// The rank of the map: of two maps, the one of higher rank counts.
    ///
    /// On x86, EFI's map arrives as e820, and the other maps are what is left of either.
    var rank: Int {
      switch self {
      case .e820: 3
      case .efi, .efiBesideTree: 2
      case .memblock: 1
      case .earlyNodes: 0
      }
    }

    fileprivate var isE820: Bool {
      if case .e820 = self { true } else { false }
    }

    /// What `mem=` means to the kernel that printed the map.
    ///
    /// Memory beyond `mem=` is already missing from what is left of a map, so an amount takes
    /// nothing away there.
    var memoryLimitMeaning: MemoryLimitMeaning {
      switch self {
      case .e820, .efi: .endAddress
      case .efiBesideTree, .memblock, .earlyNodes: .amount
      }
    }
  }

  /// A map with its lines in the order of the log.
  struct Map {
    var source: Source
    var entries: [MapFile.Entry] = []
    /// Which memory belongs to which node.
    var nodes: [NodeMemory] = []
    /// The memory that is hot-pluggable.
    var hotPluggable: [AddressRange] = []
    /// The ranges that are held.
    var heldRanges: [OwnedRange] = []
    /// How many lines there should be.
    var counts = MemblockCounts()

    /// The note about lines that are missing.
    var notes: [String] { counts.notes(memory: entries.count, reserved: heldRanges.count) }
  }

  private var maps: [Map] = []
  /// Whether the next e820 line begins a map.
  private var hasE820Heading = false

  /// Begins an e820 map, whatever prints it.
  mutating func beginE820() {
    hasE820Heading = true
  }

  /// Begins a map.
  mutating func begin(_ source: Source) {
    maps.append(Map(source: source))
  }

  /// Appends a line to the map of `source`, beginning a map if needed.
  mutating func append(_ line: KernelLogLine, of source: Source) {
    // The same name after a different one begins another map.
    let last = maps.lastIndex { $0.source.rank == source.rank }
    let isHeaded = hasE820Heading && source.isE820
    let index: Int
    if let last, maps[last].source == source, !isHeaded {
      index = last
    } else {
      begin(source)
      index = maps.endIndex - 1
    }
    if source.isE820 { hasE820Heading = false }
    switch line {
    case .memory(let entry, let node, let isHotPluggable):
      maps[index].entries.append(entry)
      if let node {
        maps[index].nodes.append(
          NodeMemory(
            line: entry.line, node: node, proximityDomain: UInt64(node),
            range: entry.region.range, isHotPluggable: isHotPluggable))
      }
      if isHotPluggable { maps[index].hotPluggable.append(entry.region.range) }
    case .count(let list, let count):
      maps[index].counts[list] = count
    case .held(let range):
      let number = maps[index].heldRanges.count
      maps[index].heldRanges.append(
        OwnedRange(range: range, owner: .loader(.memoryReservation(number))))
    }
  }

  private var found: [Map] { maps.filter { !$0.entries.isEmpty } }

  /// Whether the log has no map.
  var isEmpty: Bool { found.isEmpty }

  /// The map in force: the last one of the highest rank; nil if there is none.
  var inForce: Map? {
    let rank = found.map { $0.source.rank }.max()
    return found.last { $0.source.rank == rank }
  }

  /// The last map that reports several nodes; nil if none does.
  var withNodes: Map? { found.last { $0.nodes.contains { $0.node > 0 } } }

  /// Which map was taken, and which were left out; nil unless there are several.
  var note: String? {
    guard let inForce, let line = inForce.entries.first?.line, found.count > 1 else { return nil }
    let others = found.filter { $0.entries.first?.line != line }
      .map { "\($0.source.title) (\($0.entries.count))" }
    return
      "of the log's maps, \(inForce.source.title) from line \(line) on is in force; left out, with "
      + "the number of lines: \(others.joined(separator: ", "))"
  }
}

/// What a line of a map in a log says.
enum KernelLogLine {
  /// Memory, its node where the line has one, and whether it is hot-pluggable.
  case memory(MapFile.Entry, node: Int?, isHotPluggable: Bool = false)
  /// Memory that is held.
  case held(AddressRange)
  /// How many ranges a list has.
  case count(MemblockCounts.List, Int)
}
