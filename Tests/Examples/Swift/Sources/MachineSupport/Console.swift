// SPDX-License-Identifier: MIT
import Bootmem
import Machine

/// The first serial port.
public struct Console: TextSink {
  /// Makes a console, which needs no setting up.
  public init() {}

  /// Writes a byte, and waits for nothing.
  public mutating func write(byte: UInt8) { _ = putchar(Int32(byte)) }
}
