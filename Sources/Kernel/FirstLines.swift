#if hasFeature(Embedded)
import TextOutput

/// A console that shows the first lines only, and counts the rest: a damaged list of a loader makes
/// tens of thousands of reports.
struct FirstLines: TextSink {
  private static let lineCountLimit = 16

  /// The console, with what was shown.
  private(set) var console: Console
  private var lineCount: UInt = 0

  init(on console: Console) {
    self.console = console
  }

  mutating func write(byte: UInt8) {
    if lineCount < Self.lineCountLimit { console.write(byte: byte) }
    if byte == UInt8(ascii: "\n") { lineCount += 1 }
  }

  /// Says how many lines were left out, if any.
  mutating func end() {
    guard lineCount > Self.lineCountLimit else { return }
    console.write("and ")
    console.write(decimal: lineCount - UInt(Self.lineCountLimit))
    console.write(" more reports of this kind\n")
  }
}
#endif
