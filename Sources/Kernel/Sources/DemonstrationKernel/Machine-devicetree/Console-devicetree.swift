// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import BootPlan
import Firmware
import PhysicalMemory
import TextOutput

/// Where the kernel writes: the serial port that the device tree names.
package struct Console: TextSink {
  private var serialPort = SerialPort()

  /// The memory of devices that is written to.
  static var devicePages: PageRange { unsafe SerialPort.pages }

  package mutating func write(byte: UInt8) { serialPort.write(byte: byte) }

  /// Ends the line that was begun, if one was.
  mutating func endLine() {
    if unsafe !SerialPort.isAtLineStart { write(byte: UInt8(ascii: "\n")) }
  }
}

extension OwnerTable {
  /// Adds what the firmware keeps outside of its memory map: nothing, as the tree has it all.
  mutating func addFirmwareAreas(in memory: some PhysicalMemoryReader) throws(BootPlanError) {}
}
#endif
