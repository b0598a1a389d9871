import Firmware
import TextOutput

/// The serial port that the device tree names.
enum Console: TextSink {
  case none
  case pl011(PL011)
  case ns16550(NS16550)

  init(_ device: DeviceTreeDevice<DirectMappedMemory>) {
    if device.isCompatible(with: "arm,pl011"), let port = PL011(registers: device.registers) {
      self = .pl011(port)
    } else if device.isCompatible(with: "ns16550a") || device.isCompatible(with: "ns16550"),
      let port = NS16550(registers: device.registers)
    {
      self = .ns16550(port)
    } else {
      self = .none
    }
  }

  mutating func write(byte: UInt8) {
    if byte == UInt8(ascii: "\n") { send(UInt8(ascii: "\r")) }
    send(byte)
  }

  private func send(_ byte: UInt8) {
    switch self {
    case .none: break
    case .pl011(var port): port.write(byte: byte)
    case .ns16550(var port): port.write(byte: byte)
    }
  }
}
