// SPDX-License-Identifier: MIT
import TextOutput

/// Text on the serial port of any machine.
extension SerialPort: TextSink {
  /// Whether every line is to begin with `# `, as a comment in a trace.
  nonisolated(unsafe) package static var writesComments = false

  /// Whether nothing has been written since the last line end.
  nonisolated(unsafe) private(set) static var isAtLineStart = true

  package mutating func write(byte: UInt8) {
    if unsafe Self.isAtLineStart && Self.writesComments {
      send(UInt8(ascii: "#"))
      send(UInt8(ascii: " "))
    }
    unsafe Self.isAtLineStart = byte == UInt8(ascii: "\n")
    if byte == UInt8(ascii: "\n") { send(UInt8(ascii: "\r")) }
    send(byte)
  }
}

#if DEBUG
/// Writes a character of what Swift's traps print in a debug build.
@c(putchar)
func putCharacter(_ character: CInt) -> CInt {
  var port = SerialPort()
  port.write(byte: UInt8(truncatingIfNeeded: character))
  return character
}
#endif
