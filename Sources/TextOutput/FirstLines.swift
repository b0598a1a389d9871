// SPDX-License-Identifier: MIT

/// Passes on the first lines of a text and counts the rest.
///
/// A damaged list can have a defect in each of its thousands of entries, and reporting every one
/// would make the boot take forever.
public struct FirstLines<Sink: TextSink>: TextSink {
  /// The number of lines that are passed on.
  public static var lineCountLimit: UInt64 { 16 }

  private var sink: Sink
  private var lineCount: UInt64 = 0

  /// Makes a sink that passes the first lines on to `sink`.
  public init(to sink: Sink) {
    self.sink = sink
  }

  /// Takes one ASCII byte.
  public mutating func write(byte: UInt8) {
    if lineCount < Self.lineCountLimit { sink.write(byte: byte) }
    if byte == 0x0a { lineCount += 1 }
  }

  /// Reports how many lines were left out, if any, and returns the sink.
  public consuming func finish() -> Sink {
    if lineCount > Self.lineCountLimit {
      sink.write("and ")
      sink.write(decimal: lineCount - Self.lineCountLimit)
      sink.write(" more reports of this kind\n")
    }
    return sink
  }
}
