#if hasFeature(Embedded) && (arch(arm64) || arch(riscv64))
import Board
import Firmware

/// How a run of the kernel ends, told to the emulator: its exit status, the same on every processor.
enum Outcome: UInt {
  /// The kernel did all that there was to do.
  case success = 33
  /// Something went wrong and was reported.
  case failure = 35
  /// The processor trapped.
  case trap = 37

  nonisolated(unsafe) private static var powerOff: PSCIConduit?

  /// Takes note of how firmware is called, on a machine whose firmware can end the run.
  static func setUp(powerOff: PSCIConduit?) { unsafe self.powerOff = powerOff }

  /// Ends the run.
  func exit() -> Never { board_exit(rawValue) }

  /// Ends the run where the emulator cannot be told of it: the machine is switched off, or stands still.
  static func endSilently() -> Never {
    board_power_off(unsafe powerOff == .hypervisorCall, unsafe powerOff == .secureMonitorCall)
  }
}
#endif
