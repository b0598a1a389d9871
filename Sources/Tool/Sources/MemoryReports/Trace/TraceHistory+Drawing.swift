// SPDX-License-Identifier: MIT
import BootMemoryTrace
import BootPlan
import TraceReplay
import MapFiles
import PhysicalMemory

extension TraceHistory {
  /// What is drawn, in a sentence or two.
  public var caption: String {
    let stretch = sizeText(stretchPageCount << PageFrame.byteCountShift)
    var text = "One row is a call, one column \(stretch) of memory."
    if isSampled {
      text += " Sampled: \(shownCount) of \(changeCount) calls that change memory are shown."
    }
    return text
  }

  /// An HTML page with the image in it, and no external resources.
  public func html(title: String) -> String {
    HTMLPage.document(
      title: title, caption: "\(caption) Point at a row to see its call.", svg: svg(title: title))
  }

  /// An SVG image with one row for each call, from top to bottom, and one column for each stretch
  /// of memory.
  public func svg(title: String) -> String {
    let layout = Layout(self)
    var svg = SVGWriter(width: layout.width)
    svg.text(x: 10, y: 22, title, isHeading: true)
    svg.text(x: 10, y: 42, caption)
    drawLegend(in: &svg, y: 52)
    let top = drawAxes(in: &svg, layout, y: 76)
    var y = top
    for row in rows {
      let lines = layout.lines(for: row)
      let height = layout.hasLabels ? Layout.lineHeight * lines.count : layout.rowHeight
      svg.beginGroup(title: row.callText + (row.repeatText.map { "\n\($0)" } ?? ""))
      if layout.hasLabels {
        for (index, line) in lines.enumerated() {
          svg.text(x: 10, y: y + 11 + index * Layout.lineHeight, line)
        }
      }
      draw(row.cells, in: &svg, layout, y: y, height: layout.hasLabels ? height - 1 : height)
      svg.endGroup()
      y += height
    }
    for border in borders {
      let x = layout.place(of: border)
      svg.line(from: (x, top - 4), to: (x, y), isBorder: true)
    }
    return svg.document()
  }

  /// The pages where a node begins or ends; none if there is a single node.
  private var borders: Set<PageFrame> {
    nodes.count > 1 ? Set(nodes.flatMap { [$0.pages.start, $0.pages.end] }) : []
  }

  private func draw(
    _ cells: [Cell], in svg: inout SVGWriter, _ layout: Layout, y: Int, height: Int
  ) {
    var index = 0
    while index < cells.count {
      let cell = cells[index]
      let run = cells[index...].prefix { $0 == cell }.count
      if cell.owner != .nobody {
        svg.rectangle(
          x: layout.left + index * layout.cellWidth, y: y, width: run * layout.cellWidth,
          height: height, colour: cell.colour)
      }
      index += run
    }
  }

  private func drawLegend(in svg: inout SVGWriter, y: Int) {
    let seen = Set(rows.flatMap { $0.cells }.map { $0.owner })
    var x = 10
    for owner in PageOwner.allCases where owner != .nobody && seen.contains(owner) {
      svg.rectangle(x: x, y: y, width: 9, height: 12, colour: owner.colour.rgb)
      svg.rectangle(x: x + 9, y: y, width: 9, height: 12, colour: owner.colour.paleRGB)
      svg.text(x: x + 22, y: y + 10, owner.meaning)
      x += 36 + owner.meaning.count * 8
    }
  }

  /// Draws the names of nodes, the addresses of both ends of each area, and its axis.
  ///
  /// - Returns: Where the rows can begin.
  private func drawAxes(in svg: inout SVGWriter, _ layout: Layout, y: Int) -> Int {
    var y = y
    if nodes.count > 1 {
      var free = 0
      for node in nodes {
        let x = layout.place(of: node.pages.start)
        let name = "node \(node.number)"
        guard x >= free else { continue }
        svg.text(x: x, y: y + 10, name)
        free = x + SVGWriter.width(of: name) + 8
      }
      y += AddressAxis.addressHeight
    }
    var free = 0
    for axis in layout.axes {
      axis.drawEnds(in: &svg, y: y, free: &free)
      axis.draw(in: &svg, y: y + AddressAxis.addressHeight)
    }
    return y + AddressAxis.addressHeight + AddressAxis.height
  }

  /// The sizes and places of a picture.
  private struct Layout {
    /// The height of a line of text.
    static let lineHeight = 14
    /// The most characters in a line of text beside a row; longer text takes several lines.
    private static let lineLength = 56

    let cellWidth: Int
    /// Whether calls are written beside their rows: as long as there is room for text.
    let hasLabels: Bool
    let rowHeight: Int
    /// Where the first column begins.
    let left: Int
    let width: Int
    /// An axis for each area of columns without a gap.
    let axes: [AddressAxis]

    init(_ history: TraceHistory) {
      let columns = history.columns
      cellWidth = max(3, 768 / columns.count)
      hasLabels = history.rows.count <= 60
      rowHeight = hasLabels ? Self.lineHeight : max(2, 840 / history.rows.count)
      let longest = history.rows.flatMap(Self.labelLines).max { $0.count < $1.count } ?? ""
      left = hasLabels ? SVGWriter.width(of: longest) + 24 : 10
      width = max(left + columns.count * cellWidth + 24, 860)
      var axes: [AddressAxis] = []
      var index = 0
      while index < columns.count {
        let area = columns[index...].prefix { $0 != nil }.compactMap { $0 }
        if let first = area.first, let last = area.last {
          axes.append(
            AddressAxis(
              start: first.start.firstAddress?.rawValue ?? .max,
              end: last.end.firstAddress?.rawValue ?? .max, x: left + index * cellWidth,
              cellWidth: cellWidth,
              stretchByteCount: history.stretchPageCount << PageFrame.byteCountShift))
        }
        index += area.count + 1
      }
      self.axes = axes
    }

    /// Where a page begins.
    func place(of page: PageFrame) -> Int {
      let address = page.firstAddress?.rawValue ?? .max
      let axis = axes.first { address <= $0.end } ?? axes[axes.count - 1]
      return axis.place(of: address)
    }

    /// The lines of text beside a row.
    func lines(for row: Row) -> [String] { hasLabels ? Self.labelLines(row) : [] }

    private static func labelLines(_ row: Row) -> [String] {
      var lines = [""]
      for word in row.callText.split(separator: " ") {
        let line = lines[lines.count - 1]
        if line.isEmpty {
          lines[lines.count - 1] = String(word)
        } else if line.count + 1 + word.count <= lineLength {
          lines[lines.count - 1] += " \(word)"
        } else {
          lines.append("  \(word)")
        }
      }
      return lines + [row.repeatText.map { "  \($0)" }].compactMap { $0 }
    }
  }
}

extension TraceHistory.Row {
  /// The call with its result and its line number.
  fileprivate var callText: String {
    "line \(operation.line): \(operation.text) -> \(operation.result)"
  }

  /// The text that stands for the calls after it that look like it; nil where there are none.
  fileprivate var repeatText: String? {
    guard repeatCount > 0 else { return nil }
    return "(\(count(repeatCount, "more row")) like this, to line \(lastOperation.line))"
  }
}
