// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay
import MapFiles
import PhysicalMemory

extension TraceHistory {
  /// What is drawn, in a sentence or two.
  public var caption: String {
    let stretch = sizeText(stretchPageCount << PageFrame.byteCountShift)
    var text = "One row is a call, one column \(stretch) of memory."
    if isSampled {
      text += " Sampled: \(rows.count) of \(changeCount) calls that change memory are shown."
    }
    return text
  }

  /// An SVG image with one row a call, from top to bottom, and one column a stretch of memory.
  public func svg(title: String) -> String {
    let cellWidth = max(3, 768 / columns.count)
    // Calls are written beside their rows as long as there is room for text.
    let hasLabels = rows.count <= 60
    let rowHeight = hasLabels ? 14 : max(2, 840 / rows.count)
    let left = hasLabels ? 390 : 10
    var svg = SVGWriter(width: max(left + columns.count * cellWidth + 10, 860))
    svg.text(x: 10, y: 22, title, isHeading: true)
    svg.text(x: 10, y: 42, caption)
    drawLegend(in: &svg, y: 52)
    drawAddresses(in: &svg, left: left, cellWidth: cellWidth, y: 88)
    var y = 94
    for row in rows {
      let call = "line \(row.operation.line): \(row.operation.text) -> \(row.operation.result)"
      svg.beginGroup(title: call)
      if hasLabels { svg.text(x: 10, y: y + 11, Self.shortened(call)) }
      var index = 0
      while index < row.cells.count {
        let cell = row.cells[index]
        let run = row.cells[index...].prefix { $0 == cell }.count
        if cell.owner != .nobody {
          svg.rectangle(
            x: left + index * cellWidth, y: y, width: run * cellWidth,
            height: hasLabels ? rowHeight - 1 : rowHeight, colour: cell.colour)
        }
        index += run
      }
      svg.endGroup()
      y += rowHeight
    }
    return svg.document()
  }

  private static func shortened(_ text: String) -> String {
    text.count > 52 ? text.prefix(51) + "…" : text
  }

  private func drawLegend(in svg: inout SVGWriter, y: Int) {
    let seen = Set(rows.flatMap(\.cells).map(\.owner))
    var x = 10
    for owner in PageOwner.allCases where owner != .nobody && seen.contains(owner) {
      svg.rectangle(x: x, y: y, width: 9, height: 12, colour: owner.colour.rgb)
      svg.rectangle(x: x + 9, y: y, width: 9, height: 12, colour: owner.colour.paleRGB)
      svg.text(x: x + 22, y: y + 10, owner.meaning)
      x += 36 + owner.meaning.count * 8
    }
  }

  /// The address at which each area begins, as far as one does not hide another.
  private func drawAddresses(in svg: inout SVGWriter, left: Int, cellWidth: Int, y: Int) {
    var free = 0
    for (index, pages) in columns.enumerated() {
      guard let pages, index == 0 || columns[index - 1] == nil else { continue }
      let x = left + index * cellWidth
      guard x >= free, let address = pages.start.firstAddress else { continue }
      let text = "0x" + String(address.rawValue, radix: 16)
      svg.text(x: x, y: y, text)
      free = x + text.count * 8 + 8
    }
  }

  /// A page in HTML with the image in it, and nothing from elsewhere.
  public func html(title: String) -> String {
    let escaped = SVGWriter.escaped(title)
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <title>\(escaped)</title>
      <style>body { font-family: sans-serif; margin: 1em } svg { max-width: 100%; height: auto }</style>
      </head>
      <body>
      <h1>\(escaped)</h1>
      <p>\(SVGWriter.escaped(caption)) Point at a row to see its call.</p>
      \(svg(title: title))</body>
      </html>

      """
  }
}
