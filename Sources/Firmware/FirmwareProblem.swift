// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// Something that firmware or loader got wrong, and where.
public struct FirmwareProblem: Sendable {
  /// The structure in question, such as `Multiboot module`.
  public let object: StaticString

  /// The index among several such structures, counted from 0.
  public let number: UInt64?

  /// Where it lies, or where it points.
  public let address: PhysicalAddress?

  /// What is wrong with it.
  public let complaint: StaticString

  /// The value that is wrong.
  public let value: UInt64?

  /// Makes a description of a problem.
  public init(
    _ object: StaticString, number: UInt64? = nil, at address: PhysicalAddress? = nil,
    _ complaint: StaticString, value: UInt64? = nil
  ) {
    self.object = object
    self.number = number
    self.address = address
    self.complaint = complaint
    self.value = value
  }

  /// Prints the problem without a newline: `OBJECT NUMBER at ADDRESS: COMPLAINT: VALUE`, with
  /// indices in decimal, addresses and values in hexadecimal.
  public func write(to sink: inout some TextSink) {
    sink.write(object)
    if let number {
      sink.write(" ")
      sink.write(decimal: number)
    }
    if let address {
      sink.write(" at 0x")
      sink.write(hexadecimal: address.rawValue)
    }
    sink.write(": ")
    sink.write(complaint)
    if let value {
      sink.write(": 0x")
      sink.write(hexadecimal: value)
    }
  }
}

extension TextSink {
  /// Prints a problem that the reader could recover from, on a line of its own.
  @inline(never)
  mutating func report(_ problem: FirmwareProblem) {
    write("firmware: ")
    problem.write(to: &self)
    write("\n")
  }
}
