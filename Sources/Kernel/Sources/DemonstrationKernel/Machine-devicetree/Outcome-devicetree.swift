// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Board
import Firmware
import PhysicalMemory

/// How a run of the kernel ends, as reported to the emulator: its exit status, the same on every
/// processor.
enum Outcome: UInt {
  /// The kernel did all that there was to do.
  case success = 33
  /// Something went wrong and was reported.
  case failure = 35
  /// The processor trapped.
  case trap = 37

  nonisolated(unsafe) private static var powerOff: PSCIConduit?

  /// Whether firmware is called as a hypervisor, rather than as a monitor.
  static var callsHypervisor: Bool { unsafe powerOff == .hypervisorCall }

  /// The address of the registers of a device that ends the run; 0 without one.
  nonisolated(unsafe) private static var testDevice: UInt = 0

  /// Notes what can end the run on this machine: a test device, and firmware.
  static func setUp<Memory: PhysicalMemoryReader>(_ tree: DeviceTree<Memory>) {
    unsafe powerOff = tree.psciConduit
    if let device = tree.device(compatibleWith: "sifive,test0"), device.registers.byteCount >= 4,
      !MemoryProtection.imagePages.overlaps(device.registers.touchedPages)
    {
      unsafe testDevice = UInt(device.registers.start.rawValue)
    }
  }

  /// Ends the run: by the test device, or by the emulator, which listens for it; where there is
  /// neither, the machine is switched off.
  func exit() -> Never {
    // Without an emulator the attempt traps.
    endSilentlyOnTrap()
    if unsafe Self.testDevice != 0 { board_exit_by_test_device(unsafe Self.testDevice, rawValue) }
    board_exit_emulator(rawValue)
  }

  /// Ends the run where it cannot be reported to the emulator: the machine is switched off, or
  /// halts.
  static func endSilently() -> Never {
    board_power_off(unsafe powerOff == .hypervisorCall, unsafe powerOff == .secureMonitorCall)
  }
}
#endif
