// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TextOutput

/// The map on the text screen: coloured blocks above the running text, kept up to date.
struct MapScreen {
  private static let mapRowCount = 8
  private static let legendRow = mapRowCount + 1
  private static let textRow = legendRow + 2
  private static let block: UInt8 = 0xdb  // a full block in code page 437

  private let map: MemoryMap
  private let drawing: MapDrawing

  /// The map of all pages below `end`.
  init(of map: MemoryMap, end: PageFrame) {
    self.map = map
    drawing = MapDrawing(
      end: end, maximumStretchCount: UInt64(Self.mapRowCount * VGAText.columnCount))
  }

  /// Takes the upper part of the screen and draws everything.
  func draw(
    _ memory: borrowing BootMemory, _ owners: borrowing OwnerTable, on console: inout Console
  ) {
    guard console.screen.isPresent else { return }
    console.screen.keepRows(below: Self.textRow)
    let screen = console.screen
    for index in 0..<drawing.stretchCount { drawStretch(index, memory, owners, on: screen) }
    var column = 0
    var row = Self.legendRow
    let legend = MapDrawing.Symbol.legend
    for index in legend.indices {
      let symbol = legend[index]
      let width = symbol.meaning.utf8CodeUnitCount + 4
      if column + width > VGAText.columnCount {
        column = 0
        row += 1
      }
      screen.put(Self.block, attribute: symbol.attribute, row: row, column: column)
      for index in 0..<symbol.meaning.utf8CodeUnitCount {
        unsafe screen.put(
          symbol.meaning.utf8Start[index], attribute: .normal, row: row, column: column + 2 + index)
      }
      column += width
    }
  }

  /// Draws the stretches that `pages` touch.
  ///
  /// - Complexity: O(stretches), each as for ``MapDrawing``.
  func update(
    _ pages: PageRange, _ memory: borrowing BootMemory, _ owners: borrowing OwnerTable,
    on console: borrowing Console
  ) {
    let screen = console.screen
    guard screen.isPresent, !pages.isEmpty else { return }
    let first = pages.start.number / drawing.stretchPageCount
    let last = (pages.end.number - 1) / drawing.stretchPageCount
    for index in first...last where index < drawing.stretchCount {
      drawStretch(index, memory, owners, on: screen)
    }
  }

  private func drawStretch(
    _ index: UInt64, _ memory: borrowing BootMemory, _ owners: borrowing OwnerTable,
    on screen: VGAText
  ) {
    let symbol = drawing.symbol(forStretch: index, of: map, in: memory, owners: owners)
    let columnCount = UInt64(VGAText.columnCount)
    screen.put(
      Self.block, attribute: symbol.attribute, row: Int(index / columnCount),
      column: Int(index % columnCount))
  }
}

extension MapDrawing.Symbol {
  /// The colour of a block.
  fileprivate var attribute: VGAText.Attribute { .init(rawValue: colour.rawValue) }
}
#endif
