// SPDX-License-Identifier: MIT
import MapFiles
import MemoryMap
import PhysicalMemory

extension MapReport {
  /// The map as an SVG image: the first MiB, and all of it.
  public func svg() -> String {
    let regions = map.regions
    let low = MapPicture(
      regions, below: PhysicalAddress(1 << 20), columnCount: 64, maximumRowCount: 16)
    let all = MapPicture(regions, columnCount: 64, maximumRowCount: 32)
    var svg = SVGWriter(width: 860)
    let usable = sizeText(map.usablePageCount() * PageFrame.byteCount)
    svg.text(x: 10, y: 22, "\(name): \(usable) usable", isHeading: true)
    var y = 40
    for (title, picture) in [("the first MiB", low), ("all memory", all)]
    where !picture.rows.isEmpty {
      let stretch = sizeText(picture.stretchByteCount)
      svg.text(x: 10, y: y + 10, "\(title), one cell for \(stretch)")
      y = picture.draw(in: &svg, y: y + 18) + 12
    }
    let cells = Set((low.rows + all.rows).flatMap(\.cells))
    var x = 10
    for cell in MapPicture.Cell.all where cells.contains(cell) {
      svg.rectangle(x: x, y: y, width: 12, height: 12, colour: cell.colour.rgb)
      svg.text(x: x + 17, y: y + 10, cell.meaning)
      x += 28 + cell.meaning.count * 8
    }
    return svg.document()
  }
}

extension MapPicture {
  private static let cellWidth = 11
  private static let rowHeight = 14

  /// Draws the rows from `y` on downwards.
  ///
  /// - Returns: Where the next thing can go.
  fileprivate func draw(in svg: inout SVGWriter, y: Int) -> Int {
    var y = y
    for row in rows {
      if row.followsGap {
        svg.text(x: 10, y: y + 9, "…")
        y += Self.rowHeight
      }
      svg.text(x: 10, y: y + 10, addressText(row.start.rawValue))
      var index = 0
      while index < row.cells.count {
        let cell = row.cells[index]
        let run = row.cells[index...].prefix { $0 == cell }.count
        let start = row.start.rawValue + UInt64(index) * stretchByteCount
        let last = start + (UInt64(run) * stretchByteCount - 1)
        svg.rectangle(
          x: 136 + index * Self.cellWidth, y: y, width: run * Self.cellWidth,
          height: Self.rowHeight - 2, colour: cell.colour.rgb,
          title: "\(addressText(start))-\(addressText(last)) \(cell.meaning)")
        index += run
      }
      y += Self.rowHeight
    }
    return y
  }
}
