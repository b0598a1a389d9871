import TextOutput

/// Collects what is printed.
struct PrintedText: TextSink {
  private(set) var text = ""

  mutating func write(byte: UInt8) {
    text.unicodeScalars.append(Unicode.Scalar(byte))
  }
}
