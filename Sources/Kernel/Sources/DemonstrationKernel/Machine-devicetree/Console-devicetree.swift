// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import PhysicalMemory
import TextOutput

/// Where the kernel writes: the serial port that the device tree names.
package struct Console: TextSink {
  private var serialPort = SerialPort()

  /// The device memory that the console writes to.
  static var devicePages: PageRange { unsafe SerialPort.pages }

  package mutating func write(byte: UInt8) { serialPort.write(byte: byte) }

  /// Ends the line that was begun, if one was.
  mutating func endLine() {
    if unsafe !SerialPort.isAtLineStart { write(byte: UInt8(ascii: "\n")) }
  }
}
#endif
