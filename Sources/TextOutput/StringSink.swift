// SPDX-License-Identifier: MIT
#if !hasFeature(Embedded) || BOOTMEM_HEAP
/// Collects text in a string, on a host or in a kernel with a heap.
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
