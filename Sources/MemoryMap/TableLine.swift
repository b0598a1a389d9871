// SPDX-License-Identifier: MIT
import TextOutput

/// A row of a table that prints itself as one line.
public protocol TableLine {
  /// Prints the row without a line feed.
  func write(to sink: inout some TextSink)
}

extension BoundedList where Element: TableLine {
  /// Prints one element per line, indented by two spaces.
  public borrowing func write(to sink: inout some TextSink) {
    for index in 0..<count { sink.write(line: self[index]) }
  }
}

extension TextSink {
  /// Prints a row of a table, indented by two spaces, with a line feed.
  mutating func write(line: some TableLine) {
    write("  ")
    line.write(to: &self)
    write("\n")
  }
}
