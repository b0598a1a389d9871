// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// A drawing of memory as characters, one per stretch of equal size.
public struct MapDrawing {
  /// How a stretch is shown: by the most significant of its contents.
  public enum Symbol: UInt8, Sendable {
    /// The kernel or its stack: `K`.
    case kernel = 0x4b
    /// A module from the loader: `M`.
    case module = 0x4d
    /// Other data that the loader left: `L`.
    case loader = 0x4c
    /// A node's bitmap: `B`.
    case bitmap = 0x42
    /// The kernel's page tables: `T`.
    case pageTables = 0x54
    /// Memory that the firmware needs: `F`.
    case firmware = 0x46
    /// Reserved, by an unknown owner: `#`.
    case allocated = 0x23
    /// Free in part: `+`.
    case partlyFree = 0x2b
    /// Free: `.`.
    case free = 0x2e
    /// No usable memory: `-`.
    case notUsable = 0x2d

    /// The symbols in legend order.
    public static var legend: InlineArray<10, Symbol> {
      [
        .kernel, .module, .loader, .bitmap, .pageTables, .firmware, .allocated, .partlyFree, .free,
        .notUsable,
      ]
    }

    /// The text in the legend.
    public var meaning: StaticString {
      switch self {
      case .kernel: "kernel and stack"
      case .module: "module"
      case .loader: "loader's data"
      case .bitmap: "bitmap"
      case .pageTables: "page tables"
      case .firmware: "firmware's data"
      case .allocated: "reserved"
      case .partlyFree: "free in part"
      case .free: "free"
      case .notUsable: "no usable memory"
      }
    }

    /// The symbol's colour on a screen.
    public var colour: PaletteColour {
      switch self {
      case .kernel: .orange
      case .module: .brown
      case .loader: .yellow
      case .bitmap: .violet
      case .pageTables: .purple
      case .firmware: .cyan
      case .allocated: .blue
      case .partlyFree: .lightGreen
      case .free: .green
      case .notUsable: .grey
      }
    }

    /// Makes the symbol of an owner; nil for named memory.
    ///
    /// Where the kernel has allocated, what counts is how much of the stretch is free.
    init?(_ owner: MemoryOwner) {
      switch owner {
      case .kernelImage, .bootStack: self = .kernel
      case .loader(.module): self = .module
      case .loader: self = .loader
      case .bitmap: self = .bitmap
      case .pageTables: self = .pageTables
      case .named: return nil
      case .firstPage, .biosData, .extendedBIOSData, .acpiTables, .badMemory: self = .firmware
      }
    }

    /// The rank by significance; lower is more significant.
    fileprivate var rank: Int {
      switch self {
      case .bitmap: 0
      case .module: 1
      case .kernel: 2
      case .pageTables: 3
      case .loader: 4
      case .firmware: 5
      case .allocated, .partlyFree, .free, .notUsable: 6
      }
    }
  }

  /// The pages that are drawn.
  public let span: PageRange

  /// The number of pages per stretch, a power of two.
  public let stretchPageCount: UInt64

  /// Makes a drawing of all pages below `end` in at most `maximumStretchCount` characters.
  ///
  /// - Precondition: `maximumStretchCount` is above 0.
  public init(end: PageFrame, maximumStretchCount: UInt64) {
    precondition(maximumStretchCount > 0)
    span = PageRange(0..<end)
    var pageCount: UInt64 = 1
    // 53 doublings suffice, as no span is longer than 2^64 bytes.
    while pageCount < 1 << 63, end.number / pageCount >= maximumStretchCount { pageCount *= 2 }
    stretchPageCount = pageCount
  }

  /// The number of stretches; the last one may extend beyond the span.
  public var stretchCount: UInt64 {
    span.pageCount / stretchPageCount + (span.pageCount % stretchPageCount == 0 ? 0 : 1)
  }

  /// The pages of a stretch.
  public func stretch(_ index: UInt64) -> PageRange {
    // The product is at most the end of the span, which fits, plus less than one stretch.
    let start = min(index &* stretchPageCount, span.end.number)
    let end =
      span.end.number - start > stretchPageCount ? start + stretchPageCount : span.end.number
    return PageRange(PageFrame(start)..<PageFrame(end))
  }

  /// The symbol that a stretch is shown as.
  ///
  /// - Complexity: O(n + r + f) for n owners, r usable ranges and f free runs in the stretch.
  public func symbol(
    forStretch index: UInt64, of map: MemoryMap, in memory: borrowing BootMemory,
    owners: borrowing OwnerTable
  ) -> Symbol {
    let stretch = stretch(index)
    var best: Symbol?
    for index in 0..<owners.count where owners[index].range.touchedPages.overlaps(stretch) {
      guard let symbol = Symbol(owners[index].owner) else { continue }
      if symbol.rank < best?.rank ?? .max { best = symbol }
    }
    if let best { return best }
    var usable: UInt64 = 0
    var ranges = map.usablePages(in: stretch)
    while let pages = ranges.next() { usable += pages.pageCount }
    if usable == 0 { return .notUsable }
    let free = memory.freePageCount(in: stretch)
    if free == 0 { return .allocated }
    return free == stretch.pageCount ? .free : .partlyFree
  }

  /// Writes the drawing, each line the address of its first stretch followed by `columnCount`
  /// characters, and then its legend.
  public func write(
    _ map: MemoryMap, _ memory: borrowing BootMemory, _ owners: borrowing OwnerTable,
    columnCount: UInt64 = 64, to sink: inout some TextSink
  ) {
    for index in 0..<stretchCount {
      if index % columnCount == 0 {
        sink.write("  ")
        let address = stretch(index).start.firstAddress?.rawValue ?? 0
        sink.write(hexadecimal: address, minimumDigitCount: 12)
        sink.write(" ")
      }
      sink.write(byte: symbol(forStretch: index, of: map, in: memory, owners: owners).rawValue)
      if index % columnCount == columnCount - 1 || index == stretchCount - 1 { sink.write("\n") }
    }
    sink.write("  one character is ")
    sink.write(byteCount: stretchPageCount * PageFrame.byteCount)
    let legend = Symbol.legend
    for index in legend.indices {
      sink.write(index % 5 == 0 ? "\n  " : ", ")
      sink.write(byte: legend[index].rawValue)
      sink.write(" ")
      sink.write(legend[index].meaning)
    }
    sink.write("\n")
  }
}
