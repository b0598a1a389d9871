// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Board
import TextOutput

/// The first serial port of a PC (COM1), a 16550 UART, as a place for text.
///
/// It is polled, so it works before there are interrupts and in the midst of a trap.
package struct SerialPort {
  private enum Register {
    static let data: UInt16 = 0x3f8
    static let interruptEnable: UInt16 = 0x3f9
    static let fifoControl: UInt16 = 0x3fa
    static let lineControl: UInt16 = 0x3fb
    static let modemControl: UInt16 = 0x3fc
    static let lineStatus: UInt16 = 0x3fd
  }

  private static let divisorAccess: UInt8 = 0x80
  private static let eightBitsNoParity: UInt8 = 0x03
  private static let transmitterIsEmpty: UInt8 = 0x20

  /// How often to poll the transmitter before the byte is sent regardless: a port that is broken or
  /// absent must not stop the boot.
  private static let pollLimit = 100_000

  /// Sets the port to 115200 baud, 8 data bits, no parity, 1 stop bit.  Needed once, before anything
  /// is written.
  static func setUp() {
    board_write_port8(Register.interruptEnable, 0)
    board_write_port8(Register.lineControl, divisorAccess)
    board_write_port8(Register.data, 1)  // 115200 / 1
    board_write_port8(Register.interruptEnable, 0)
    board_write_port8(Register.lineControl, eightBitsNoParity)
    board_write_port8(Register.fifoControl, 0x07)  // on, both queues emptied
    board_write_port8(Register.modemControl, 0x03)  // data terminal ready, request to send
  }

  /// Does nothing: this port is there whatever happens.
  static func setUpForFailure() {}

  package init() {}

  /// Sends a byte as it is.
  func send(_ byte: UInt8) {
    var polls = 0
    while board_read_port8(Register.lineStatus) & Self.transmitterIsEmpty == 0,
      polls < Self.pollLimit
    {
      polls += 1
    }
    board_write_port8(Register.data, byte)
  }
}
#endif
