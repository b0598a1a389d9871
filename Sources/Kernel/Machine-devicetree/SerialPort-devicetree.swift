#if hasFeature(Embedded) && (arch(arm64) || arch(riscv64))
import Board
import Firmware
import PhysicalMemory
import TextOutput

/// The serial port that the device tree names, as a place for text; without one, text goes nowhere.
///
/// It is polled, so it works before there are interrupts and in the midst of a trap.
struct SerialPort: TextSink {
  private enum Driver {
    case none
    case pl011(PL011)
    case ns16550(NS16550)
    /// Whatever takes text where the tree does not tell of a port.
    case withoutConsole
  }

  nonisolated(unsafe) private static var driver = Driver.none

  /// The pages of the port's registers; none without a port.
  nonisolated(unsafe) private(set) static var pages = PageRange(empty: PageFrame(0))

  /// Takes the device, if it is of a kind that is known.  Nothing may be written before its pages are
  /// mapped.
  static func setUp<Memory: PhysicalMemoryReader>(_ device: DeviceTreeDevice<Memory>?) {
    guard let device, device.registers.roundedUpEnd <= Paging.reach else { return }
    if device.isCompatible(with: "arm,pl011"), let port = PL011(registers: device.registers) {
      unsafe driver = .pl011(port)
    } else if device.isCompatible(with: "ns16550a") || device.isCompatible(with: "ns16550"),
      let port = NS16550(registers: device.registers)
    {
      unsafe driver = .ns16550(port)
    } else {
      return
    }
    unsafe pages = device.registers.touchedPages
  }

  /// Writes to firmware or the emulator, as there is no tree that could tell of a port.
  static func setUpWithoutTree() { unsafe driver = .withoutConsole }

  /// Whether every line is to begin with `# `, as a comment in a trace.
  nonisolated(unsafe) static var writesComments = false

  /// Whether nothing has been written since the last line end.
  nonisolated(unsafe) private(set) static var isAtLineStart = true

  mutating func write(byte: UInt8) {
    if unsafe Self.isAtLineStart && Self.writesComments {
      send(UInt8(ascii: "#"))
      send(UInt8(ascii: " "))
    }
    unsafe Self.isAtLineStart = byte == UInt8(ascii: "\n")
    if byte == UInt8(ascii: "\n") { send(UInt8(ascii: "\r")) }
    send(byte)
  }

  private func send(_ byte: UInt8) {
    switch unsafe Self.driver {
    case .none: break
    case .pl011(let port): port.send(byte)
    case .ns16550(let port): port.send(byte)
    case .withoutConsole: board_write_without_console(byte)
    }
  }
}

extension PageRange {
  /// No page, at `page`.
  fileprivate init(empty page: PageFrame) {
    guard let pages = PageRange(start: page, pageCount: 0) else {
      fatalError("a range of no pages is one")
    }
    self = pages
  }
}
#endif
