// SPDX-License-Identifier: MIT
import Bootmem
import Machine

/// The first serial port.
struct Console: TextSink {
  mutating func write(byte: UInt8) { _ = putchar(Int32(byte)) }
}
