// SPDX-License-Identifier: MIT
import BootPlan
import MapFiles
import MemoryMap
import PhysicalMemory

extension MapReport {
  /// What is drawn, in a sentence.
  public var caption: String {
    "\(sizeText(map.usablePageCount() * PageFrame.byteCount)) usable. Point at a cell to see its "
      + "addresses."
  }

  /// The map as an SVG image: the first MiB, and all of it, with the borders of nodes.
  public func svg() -> String {
    let regions = map.regions
    // A map with one node, which has all of it, has no borders.
    let nodes = account.nodes.count > 1 ? account.nodes : []
    let low = MapPicture(
      regions, below: PhysicalAddress(1 << 20), columnCount: 64, maximumRowCount: 16)
    let all = MapPicture(
      regions, columnCount: 64, maximumRowCount: 32, borders: nodes.map { $0.range.start })
    var svg = SVGWriter(width: 1010)
    let usable = sizeText(map.usablePageCount() * PageFrame.byteCount)
    svg.text(x: 10, y: 22, "\(name): \(usable) usable", isHeading: true)
    var y = 40
    for (title, picture, nodes) in [("the first MiB", low, []), ("all memory", all, nodes)]
    where !picture.rows.isEmpty {
      let stretch = sizeText(picture.stretchByteCount)
      svg.text(x: 10, y: y + 10, "\(title), one cell for \(stretch)")
      y = picture.draw(in: &svg, y: y + 14, nodes: nodes) + 16
    }
    let cells = Set((low.rows + all.rows).flatMap { $0.cells })
    var x = 10
    for cell in MapPicture.Cell.all where cells.contains(cell) {
      svg.rectangle(x: x, y: y, width: 12, height: 12, colour: cell.colour.rgb)
      svg.text(x: x + 17, y: y + 10, cell.meaning)
      x += 36 + SVGWriter.width(of: cell.meaning)
    }
    return svg.document()
  }

  /// An HTML page with the image in it, and no external resources.
  public func html() -> String {
    HTMLPage.document(title: name, caption: caption, svg: svg())
  }
}

extension MapPicture {
  private static let cellWidth = 11
  private static let rowHeight = 14
  private static let left = 136

  /// Draws an axis of offsets into a row, and the rows, from `y` on downwards.
  ///
  /// - Returns: Where the next item can be drawn.
  fileprivate func draw(in svg: inout SVGWriter, y: Int, nodes: [NodeMemory]) -> Int {
    let columnCount = rows[0].cells.count
    let rowByteCount = UInt64(columnCount) * stretchByteCount
    let offsets = AddressAxis(
      start: 0, end: rowByteCount, x: Self.left, cellWidth: Self.cellWidth,
      stretchByteCount: stretchByteCount)
    offsets.draw(in: &svg, y: y, label: { "+" + AddressAxis.sizeText($0) })
    var y = y + AddressAxis.height + 3
    for row in rows {
      if row.followsGap {
        svg.text(x: 10, y: y + 9, "…")
        y += Self.rowHeight
      }
      draw(row, in: &svg, y: y)
      let last = row.start.rawValue + (rowByteCount - 1)
      svg.text(
        x: Self.left + columnCount * Self.cellWidth + 6, y: y + 10, addressText(last))
      drawBorders(of: nodes, in: row, through: last, in: &svg, y: y)
      y += Self.rowHeight
      if row.repeatCount > 0 {
        svg.text(x: Self.left, y: y + 9, row.repeatText)
        y += Self.rowHeight
      }
    }
    return y
  }

  /// Draws where nodes begin in a row, and their names as far as there is room.
  private func drawBorders(
    of nodes: [NodeMemory], in row: Row, through last: UInt64, in svg: inout SVGWriter, y: Int
  ) {
    let axis = AddressAxis(
      start: row.start.rawValue, end: last, x: Self.left, cellWidth: Self.cellWidth,
      stretchByteCount: stretchByteCount)
    var free = 0
    for node in nodes where node.range.start >= row.start && node.range.start.rawValue <= last {
      let x = axis.place(of: node.range.start.rawValue)
      svg.line(from: (x, y - 2), to: (x, y + Self.rowHeight - 1))
      let name = "node \(node.node)"
      let width = SVGWriter.width(of: name)
      if x >= free, x + width < Self.left + row.cells.count * Self.cellWidth {
        svg.text(x: x + 4, y: y + 10, name)
        free = x + width + 8
      }
    }
  }

  private func draw(_ row: Row, in svg: inout SVGWriter, y: Int) {
    svg.text(x: 10, y: y + 10, addressText(row.start.rawValue))
    var index = 0
    while index < row.cells.count {
      let cell = row.cells[index]
      let run = row.cells[index...].prefix { $0 == cell }.count
      let start = row.start.rawValue + UInt64(index) * stretchByteCount
      let last = start + (UInt64(run) * stretchByteCount - 1)
      svg.rectangle(
        x: Self.left + index * Self.cellWidth, y: y, width: run * Self.cellWidth,
        height: Self.rowHeight - 2, colour: cell.colour.rgb,
        title: "\(addressText(start))-\(addressText(last)) \(cell.meaning)")
      index += run
    }
  }
}
