import BootMemory
import PhysicalMemory
import TextOutput

/// The parts of a line.
extension RecordedBootMemory {
  mutating func writeCall(_ name: StaticString, _ node: Int? = nil) {
    sink.write(name)
    if let node { writeArgument(UInt64(node)) }
  }

  mutating func writeArgument(_ value: UInt64) {
    sink.write(" ")
    sink.write(hexadecimal: value)
  }

  mutating func writeCall(_ name: StaticString, _ node: Int?, _ range: AddressRange) {
    writeCall(name, node)
    writeArgument(range.start.rawValue)
    writeArgument(range.byteCount)
  }

  mutating func writeArrow() {
    sink.write(" -> ")
  }

  mutating func writeResult(_ text: StaticString) {
    writeArrow()
    sink.write(text)
    sink.write("\n")
  }

  mutating func writeResult(_ value: UInt64) {
    writeArrow()
    sink.write(hexadecimal: value)
    sink.write("\n")
  }

  /// What Linux would have answered where boot memory throws `error`.
  ///
  /// - Parameter closed: The answer after the hand-over, when Linux says that all is well.
  mutating func writeResult(_ error: BootMemoryError, closed: StaticString) {
    switch error {
    case .outOfMemory: writeResult("NULL")
    case .alreadyReserved: writeResult("EBUSY")
    case .handedOver: writeResult(closed)
    case .misuse: writeResult("BUG")
    }
  }
}
