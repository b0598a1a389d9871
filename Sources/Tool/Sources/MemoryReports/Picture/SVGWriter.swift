// SPDX-License-Identifier: MIT

/// Builds an SVG image: rectangles and texts, and no external resources.
struct SVGWriter {
  /// How a text is placed relative to its position.
  enum Anchor: String {
    case start, middle, end
  }

  /// The width of a character in a monospaced font, at most.
  private static let characterWidth = 7.3

  private var body = ""
  private let width: Int
  private(set) var height: Int

  init(width: Int) {
    self.width = width
    height = 0
  }

  /// Makes room for something that ends at `bottom`.
  private mutating func extend(to bottom: Int) {
    height = max(height, bottom)
  }

  /// A filled rectangle; `title` is its tooltip.
  ///
  /// - Parameter colour: Red, green and blue in the lowest 24 bits.
  mutating func rectangle(
    x: Int, y: Int, width: Int, height: Int, colour: UInt32, title: String? = nil
  ) {
    body += "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\""
    body += " fill=\"#\(String(colour | 1 << 24, radix: 16).dropFirst())\""
    body += title.map { "><title>\(Self.escaped($0))</title></rect>\n" } ?? "/>\n"
    extend(to: y + height)
  }

  /// A line of text whose base line is at `y`.
  mutating func text(
    x: Int, y: Int, _ text: String, isHeading: Bool = false, anchor: Anchor = .start
  ) {
    body += "<text x=\"\(x)\" y=\"\(y)\"\(isHeading ? " font-weight=\"bold\"" : "")"
    body += anchor == .start ? ">" : " text-anchor=\"\(anchor)\">"
    body += "\(Self.escaped(text))</text>\n"
    extend(to: y + 4)
  }

  /// The width of a line of text, rounded up.
  static func width(of text: String) -> Int {
    Int((Double(text.count) * characterWidth).rounded(.up))
  }

  /// A thin line; a border is dashed.
  mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int), isBorder: Bool = false)
  {
    // Between the pixels, so that it is as sharp as the rectangles.
    body += "<path d=\"M\(start.x).5 \(start.y).5L\(end.x).5 \(end.y).5\" stroke=\"#24292f\""
    body += isBorder ? " stroke-dasharray=\"4 3\"/>\n" : "/>\n"
    extend(to: max(start.y, end.y))
  }

  /// Begins a group of shapes; `title` is its tooltip.
  mutating func beginGroup(title: String) {
    body += "<g><title>\(Self.escaped(title))</title>\n"
  }

  /// Ends the group that was begun last.
  mutating func endGroup() {
    body += "</g>\n"
  }

  /// The whole image.
  func document() -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height + 10)" \
    viewBox="0 0 \(width) \(height + 10)" font-family="monospace" font-size="12" \
    xml:space="preserve">
    <rect width="100%" height="100%" fill="white"/>
    \(body)</svg>

    """
  }

  /// Text in which the characters that are special in XML, and those that XML forbids, are
  /// replaced.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      case "\u{0}"..<"\u{20}", "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
