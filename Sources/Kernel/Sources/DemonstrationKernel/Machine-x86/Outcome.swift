// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Board

/// How a run of the kernel ends, as reported to the emulator through its debug-exit device.
///
/// QEMU's own exit status is twice the raw value plus one, so never 0: this is how `scripts/run`
/// distinguishes success from a reset.
enum Outcome: UInt32 {
  /// QEMU exits with 33.
  case success = 0x10
  /// Something went wrong and was reported.  QEMU exits with 35.
  case failure = 0x11
  /// The processor trapped.  QEMU exits with 37.
  case trap = 0x12

  /// No firmware is called on these machines.
  static var callsHypervisor: Bool { false }

  private static let debugExitPort: UInt16 = 0xf4

  /// Ends the run.  A machine without the debug-exit device halts.
  func exit() -> Never {
    board_write_port32(Self.debugExitPort, rawValue)
    board_halt()
  }

  /// Ends the run where nothing more can be said.
  static func endSilently() -> Never { trap.exit() }
}
#endif
