// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Board
import PhysicalMemory
import TextOutput

/// The text screen of a VGA adapter: 80 columns by 25 rows, scrolling.
///
/// Nothing is written unless the BIOS says that the screen is in that mode: boards without a VGA
/// adapter have other things at its address.
struct VGAText: TextSink {
  /// Foreground and background of a cell, as the adapter encodes them.
  struct Attribute {
    let rawValue: UInt8

    static let normal = Attribute(rawValue: 0x07)
    static let alarm = Attribute(rawValue: 0x4f)
  }

  static let columnCount = 80
  static let rowCount = 25
  private static let memory: UInt = 0xb8000

  /// The pages of the screen's memory.
  static var pages: PageRange {
    let byteCount = UInt64(rowCount * columnCount * 2)
    let range = AddressRange(start: PhysicalAddress(UInt64(memory)), byteCount: byteCount)
    guard let range else { fatalError("the screen's memory lies far below the top") }
    return range.touchedPages
  }

  /// The colours of what is written from now on.
  var attribute = Attribute.normal

  /// Rows from this one on scroll; those above stay as they are.
  private var firstScrollingRow = 0

  /// Whether the BIOS says that the screen is in such a mode: text, 80 columns by 25 rows.
  let isPresent: Bool
  private var row = 0
  private var column = 0

  /// Takes over the screen and clears it.
  ///
  /// - Parameter mode: the video mode that the BIOS data area states.
  init(mode: UInt8, attribute: Attribute = .normal) {
    isPresent = mode == 0x02 || mode == 0x03
    self.attribute = attribute
    for row in 0..<Self.rowCount { clear(row: row) }
    hideCursor()
  }

  @inline(never)
  mutating func write(byte: UInt8) {
    if byte == UInt8(ascii: "\n") {
      startNewLine()
      return
    }
    if column == Self.columnCount { startNewLine() }
    put(byte, attribute: attribute, row: row, column: column)
    column += 1
  }

  /// Shows one character in one place, apart from the running text.
  func put(_ byte: UInt8, attribute: Attribute, row: Int, column: Int) {
    guard isPresent, row < Self.rowCount, column < Self.columnCount else { return }
    board_write_memory16(
      Self.address(row: row, column: column), UInt16(attribute.rawValue) << 8 | UInt16(byte))
  }

  /// Clears the rows above `row` and keeps running text out of them from now on.
  mutating func keepRows(below row: Int) {
    firstScrollingRow = row
    for above in 0..<row { clear(row: above) }
    if self.row < row {
      self.row = row
      column = 0
    }
  }

  private mutating func startNewLine() {
    column = 0
    row += 1
    if row == Self.rowCount { scroll() }
  }

  private mutating func scroll() {
    row = Self.rowCount - 1
    guard isPresent else { return }
    for row in firstScrollingRow..<Self.rowCount - 1 {
      for column in 0..<Self.columnCount {
        board_write_memory16(
          Self.address(row: row, column: column),
          board_read_memory16(Self.address(row: row + 1, column: column)))
      }
    }
    clear(row: row)
  }

  private func clear(row: Int) {
    for column in 0..<Self.columnCount {
      put(UInt8(ascii: " "), attribute: attribute, row: row, column: column)
    }
  }

  private func hideCursor() {
    guard isPresent else { return }
    board_write_port8(0x3d4, 0x0a)  // cursor start register
    board_write_port8(0x3d5, 0x20)  // cursor off
  }

  private static func address(row: Int, column: Int) -> UInt {
    memory + UInt(row * columnCount + column) * 2
  }
}
#endif
