import TextOutput

/// Collects what is printed.
public struct PrintedText: TextSink {
  /// What was printed so far.
  public private(set) var text = ""

  /// Makes an empty text.
  public init() {}

  /// Takes one ASCII byte.
  public mutating func write(byte: UInt8) {
    text.unicodeScalars.append(Unicode.Scalar(byte))
  }
}
