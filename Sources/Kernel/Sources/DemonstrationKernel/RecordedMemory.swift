// SPDX-License-Identifier: MIT
import BootMemoryTrace
import BootPlan
import TextOutput

/// The kernel's boot memory: with `bootmem_record` on the command line, its calls go to the serial
/// port as a trace.
package typealias RecordedMemory = RecordedBootMemory<TracePort>

// The module that declares the type knows nothing of plans; both modules are this project's.
extension RecordedBootMemory: @retroactive NodeRegistering, @retroactive NamedAllocating {}

/// The serial port for the lines of a trace: other output of the kernel in between is printed there
/// as comments, until ``SerialPort/writesComments`` is reset.
package struct TracePort: TextSink {
  private var port = SerialPort()

  package mutating func write(byte: UInt8) {
    if unsafe SerialPort.writesComments {
      if unsafe !SerialPort.isAtLineStart { port.write(byte: UInt8(ascii: "\n")) }
      unsafe SerialPort.writesComments = false
    }
    port.write(byte: byte)
    if byte == UInt8(ascii: "\n") { unsafe SerialPort.writesComments = true }
  }
}
