// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import Board
import Firmware
import PhysicalMemory
import TextOutput

/// The serial port that the device tree names, as a place for text; without one, text goes nowhere.
///
/// It is polled, so it works before there are interrupts and in the midst of a trap.
package struct SerialPort {
  private enum Driver {
    case none
    case pl011(PL011)
    case ns16550(NS16550)
    /// What takes the text if the tree describes no port.
    case withoutConsole
  }

  nonisolated(unsafe) private static var driver = Driver.none

  /// The most pages that the registers of a port may take: 64 KiB.
  private static var maximumPageCount: UInt64 { 16 }

  /// The pages of the port's registers; none without a port.
  nonisolated(unsafe) private(set) static var pages = PageRange(empty: PageFrame(0))

  /// Takes the device, if it is of a known kind.  Nothing may be written before its pages are
  /// mapped.
  ///
  /// - Returns: Whether it was taken.
  static func setUp<Memory: PhysicalMemoryReader>(_ device: DeviceTreeDevice<Memory>?) -> Bool {
    // Registers in the kernel, in page 0 or without an end are refused.
    guard let device, device.registers.roundedUpEnd <= Paging.reach,
      device.registers.touchedPages.pageCount <= maximumPageCount,
      device.registers.touchedPages.start > PageFrame(0),
      !MemoryProtection.imagePages.overlaps(device.registers.touchedPages)
    else { return false }
    if device.isCompatible(with: "arm,pl011"), let port = PL011(registers: device.registers) {
      unsafe driver = .pl011(port)
    } else if device.isCompatible(with: "ns16550a") || device.isCompatible(with: "ns16550"),
      let port = NS16550(registers: device.registers)
    {
      unsafe driver = .ns16550(port)
    } else {
      return false
    }
    unsafe pages = device.registers.touchedPages
    return true
  }

  /// Makes sure that the kernel's reason for giving up can be read: without a port, firmware or the
  /// emulator gets it.  This is not done before, as on a machine with neither the attempt ends the
  /// run.
  static func setUpForFailure() {
    if case .none = unsafe driver { unsafe driver = .withoutConsole }
  }

  package init() {}

  /// Sends a byte as it is.
  func send(_ byte: UInt8) {
    switch unsafe Self.driver {
    case .none: break
    case .pl011(let port): port.send(byte)
    case .ns16550(let port): port.send(byte)
    case .withoutConsole: board_write_without_console(byte)
    }
  }
}

extension PageRange {
  /// An empty range at `page`.
  fileprivate init(empty page: PageFrame) {
    guard let pages = PageRange(start: page, pageCount: 0) else {
      fatalError("a range of no pages is one")
    }
    self = pages
  }
}
#endif
