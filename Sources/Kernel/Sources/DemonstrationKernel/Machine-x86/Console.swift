// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import PhysicalMemory
import TextOutput

/// Where the kernel writes: the serial port and, where there is one, the text screen.
package struct Console: TextSink {
  private var serialPort = SerialPort()
  var screen: VGAText

  /// The device memory that the console writes to.
  static var devicePages: PageRange { VGAText.pages }

  /// - Parameter videoMode: the video mode that the BIOS data area states.
  init(videoMode: UInt8, attribute: VGAText.Attribute = .normal) {
    screen = VGAText(mode: videoMode, attribute: attribute)
  }

  package mutating func write(byte: UInt8) {
    serialPort.write(byte: byte)
    screen.write(byte: byte)
  }

  /// Ends the line that was begun, if one was.
  mutating func endLine() {
    if unsafe !SerialPort.isAtLineStart { write(byte: UInt8(ascii: "\n")) }
  }
}
#endif
