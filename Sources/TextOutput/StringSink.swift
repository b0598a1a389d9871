// SPDX-License-Identifier: MIT
#if !hasFeature(Embedded) || BOOTMEM_HEAP
/// Gathers text in a string, on a host.
public struct StringSink: TextSink {
  /// The text so far.
  public private(set) var text = ""

  /// Makes an empty sink.
  public init() {}

  /// Takes one ASCII byte.
  public mutating func write(byte: UInt8) {
    text.unicodeScalars.append(Unicode.Scalar(byte))
  }
}
#endif
