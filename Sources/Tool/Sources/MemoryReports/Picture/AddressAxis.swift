// SPDX-License-Identifier: MIT
import PhysicalMemory

/// An axis over cells that stand for stretches of memory: a line with ticks at both ends, and at
/// round sizes between them.
struct AddressAxis {
  /// The heights of the line with its ticks and labels, and of the line of addresses.
  static let height = 24
  static let addressHeight = 14

  /// The room between two labels.
  private static let space = 10

  /// The address at the left end.
  let start: UInt64

  /// The address at the right end, the first one after the memory where there is one.
  let end: UInt64

  /// Where the first cell begins.
  let x: Int

  /// The width of a cell.
  let cellWidth: Int

  /// The bytes that a cell stands for, a power of two.
  let stretchByteCount: UInt64

  /// Where `address` is; an address off the axis is at the nearer end.
  func place(of address: UInt64) -> Int {
    let offset = min(max(address, start), end) - start
    return x + Int(Double(offset) / Double(stretchByteCount) * Double(cellWidth))
  }

  /// Draws the line, and as many ticks as have room for their labels, from `y` on downwards.
  ///
  /// - Parameter label: The label of a tick at an address.
  func draw(in svg: inout SVGWriter, y: Int, label: (UInt64) -> String = Self.sizeText) {
    let bottom = y + Self.height - 4
    let right = place(of: end)
    svg.line(from: (x, bottom), to: (right, bottom))
    for place in [x, right] { svg.line(from: (place, bottom - 6), to: (place, bottom)) }
    var step = stretchByteCount
    while step < end - start, place(of: start + step) - x < 88 { step <<= 1 }
    var address = start
    // The first multiple of the step.
    if address & (step - 1) != 0 {
      guard address | (step - 1) < end else { return }
      address = (address | (step - 1)) + 1
    }
    // Room is kept for the label at the right end, where there is one.
    let hasLast = end & (step - 1) == 0
    let last = right - (hasLast ? SVGWriter.width(of: label(end)) + Self.space : 0)
    var free = x
    while address <= end {
      let place = place(of: address)
      let text = label(address)
      let width = SVGWriter.width(of: text)
      svg.line(from: (place, bottom - 4), to: (place, bottom))
      // No label reaches beyond the ends.
      let anchor: SVGWriter.Anchor =
        place - width / 2 < x ? .start : place + width / 2 > right ? .end : .middle
      let left =
        switch anchor {
        case .start: place
        case .middle: place - width / 2
        case .end: place - width
        }
      if left >= free, address == end || left + width <= last {
        svg.text(x: place, y: y + 10, text, anchor: anchor)
        free = left + width + Self.space
      }
      // The last tick may be at the end of all addresses.
      let (next, overflow) = address.addingReportingOverflow(step)
      if overflow { break }
      address = next
    }
  }

  /// Draws the addresses of both ends on a line at `y`, where there is room from `free` on, and
  /// advances `free`.
  func drawEnds(in svg: inout SVGWriter, y: Int, free: inout Int) {
    let first = "0x" + String(start, radix: 16)
    let last = "0x" + String(end, radix: 16)
    let right = place(of: end)
    if x >= free {
      svg.text(x: x, y: y + 10, first)
      free = x + SVGWriter.width(of: first) + Self.space
    }
    if right - SVGWriter.width(of: last) >= free {
      svg.text(x: right, y: y + 10, last, anchor: .end)
      free = right + Self.space
    }
  }

  /// A size without a fraction, in the largest unit that divides it.
  static func sizeText(_ byteCount: UInt64) -> String {
    guard byteCount != 0 else { return "0" }
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    let unit = byteCount.trailingZeroBitCount / 10
    return "\(byteCount >> UInt64(unit * 10)) \(units[unit])"
  }
}
