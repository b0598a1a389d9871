// SPDX-License-Identifier: MIT
import BootPlan
import MapFiles
import MemoryMap
import PhysicalMemory
import TextOutput

extension MapReport {
  /// The report for a terminal.
  ///
  /// - Parameters:
  ///   - width: The number of columns.
  ///   - isColoured: Whether to use colours (ECMA-48).
  public func text(width: Int, isColoured: Bool) -> String {
    var text = "\(name): \(file.form.title), \(count(file.entries.count, "region"))\n"
    for note in account.notes { text += "  note: \(note)\n" }
    if !file.commandLine.isEmpty { text += "command line: \(file.commandLine)\n" }
    text += "as given:\n"
    for entry in file.entries {
      let kind = "\(entry.region.kind.name)"
      let name = entry.kindName == kind ? "" : " (\(entry.kindName))"
      text += line(entry.region) + name + "\n"
    }
    text += "sanitised:\n"
    for region in map.regions { text += line(region) + "\n" }
    if !account.nodes.isEmpty {
      text += "nodes:\n"
      for memory in account.nodes {
        text += "  \(memory.range.text) node \(memory.node), \(sizeText(memory.range.byteCount))"
        text += memory.isHotPluggable ? ", hot-pluggable\n" : "\n"
      }
    }
    text += hotPluggableText(account.hotPluggable)
    let holders = holders
    if !holders.isEmpty {
      text += "held:\n"
      for held in holders {
        text += "  \(held.range.text) \(held.name), \(sizeText(held.range.byteCount))\n"
      }
    }
    text += "usable: \(map.usablePageCount()) pages, "
    text += "\(sizeText(map.usablePageCount() * PageFrame.byteCount))"
    if map.partialPageByteCount > 0 {
      text += "; lost in pages that are not usable as a whole: "
      text += sizeText(map.partialPageByteCount)
    }
    text += "\n"
    if !holders.isEmpty {
      let pageCount = freePages.map { $0.pageCount }.reduce(0, +)
      text += "held by nobody: \(pageCount) pages, \(sizeText(pageCount * PageFrame.byteCount))\n"
    }
    text += pictures(width: width, isColoured: isColoured)
    return text
  }

  private func line(_ region: MemoryRegion) -> String {
    var sink = StringSink()
    region.write(to: &sink)
    return "  " + sink.text
  }

  private func pictures(width: Int, isColoured: Bool) -> String {
    let regions = map.regions
    let last = regions.last?.range.last?.rawValue ?? 0
    let digitCount = last >> 48 == 0 ? 12 : 16
    // Two spaces, an address and a space stand before the cells.
    let columnCount = max(16, (width - digitCount - 3) / 16 * 16)
    let mebibyte = PhysicalAddress(1 << 20)
    let low = MapPicture(
      regions, below: mebibyte, columnCount: columnCount, maximumRowCount: 16)
    let all = MapPicture(regions, columnCount: columnCount, maximumRowCount: 16)
    var text = ""
    // Boards that have a device tree have nothing there.
    if !low.rows.isEmpty {
      text += "the first MiB, one character for \(sizeText(low.stretchByteCount)):\n"
      text += low.text(digitCount: digitCount, isColoured: isColoured)
    }
    text += "all of it, one character for \(sizeText(all.stretchByteCount)):\n"
    text += all.text(digitCount: digitCount, isColoured: isColoured)
    let cells = Set((low.rows + all.rows).flatMap { $0.cells })
    let legend = MapPicture.Cell.all.filter { cells.contains($0) }.map {
      $0.text(count: 1, isColoured: isColoured) + " " + $0.meaning
    }
    return text + "  " + legend.joined(separator: ", ") + "\n"
  }
}

extension MapPicture {
  /// The rows, each after its address; an ellipsis stands for rows without memory.
  func text(digitCount: Int, isColoured: Bool) -> String {
    var text = ""
    for row in rows {
      if row.followsGap { text += "  ...\n" }
      text += "  \(addressText(row.start.rawValue, digitCount: digitCount)) "
      var index = 0
      while index < row.cells.count {
        let cell = row.cells[index]
        let run = row.cells[index...].prefix { $0 == cell }.count
        text += cell.text(count: run, isColoured: isColoured)
        index += run
      }
      text += "\n"
      if row.repeatCount > 0 { text += "  \(row.repeatText)\n" }
    }
    return text
  }
}

extension MapPicture.Row {
  /// The text that stands for the rows left out after this one.
  var repeatText: String { "(\(count(repeatCount, "more row")) like this)" }
}

extension MapPicture.Cell {
  /// The cell's character, `count` times.
  fileprivate func text(count: Int, isColoured: Bool) -> String {
    let characters = String(repeating: character, count: count)
    guard isColoured, self != .nothing else { return characters }
    return "\u{1b}[30;\(colour.terminalBackground)m\(characters)\u{1b}[0m"
  }
}
