// SPDX-License-Identifier: MIT
#if arch(arm64) || arch(riscv64)
import TextOutput

/// An exception of the processor, as it is reported.  The names of causes are in each processor's
/// folder.
@safe
struct Trap {
  /// The number of the vector, or of the cause.
  let vector: UInt

  /// The general registers, then those that describe the exception.
  private let registers: UnsafePointer<UInt>

  /// - Parameter registers: The registers, as the entries in `boot/` save them.
  init(vector: UInt, registers: UnsafePointer<UInt>) {
    self.vector = vector
    unsafe self.registers = registers
  }

  /// The register with this number.
  func register(_ number: Int) -> UInt { unsafe registers[number] }

  /// Writes what happened, where, and all registers.
  func write(to sink: inout some TextSink) {
    sink.write("\ntrap: ")
    sink.write(name)
    sink.write(" (vector ")
    sink.write(decimal: vector)
    if let number = Self.causeRegister {
      sink.write(", cause ")
      sink.write(hexadecimal: register(number))
    }
    sink.write(") at 0x")
    sink.write(hexadecimal: register(Self.placeRegister), minimumDigitCount: 8)
    sink.write(", stack 0x")
    sink.write(hexadecimal: register(Self.stackRegister), minimumDigitCount: 8)
    if isFailedCheck {
      sink.write("\n  a check of Swift's failed there: overflow, precondition or unwrapping nil")
    }
    if let access {
      sink.write(access)
      TrapPlace(address: register(Self.addressRegister)).write(to: &sink)
    }
    for number in 0..<32 {
      sink.write(number % 4 == 0 ? "\n  x" : "  x")
      sink.write(decimal: UInt(number))
      sink.write(number < 10 ? "  " : " ")
      sink.write(hexadecimal: register(number), minimumDigitCount: 16)
    }
    sink.write("\n")
  }
}

/// Every exception ends here, from the entries in `boot/`.
@c(kernel_trap)
func kernelTrap(vector: UInt, registers: UnsafePointer<UInt>) -> Never {
  beginTrapReport()
  Paging.mapForTrapReport()
  // A trap can come before the console is known.
  SerialPort.setUpForFailure()
  // A console of its own: the kernel's may be what trapped.
  var console = Console()
  let trap = unsafe Trap(vector: vector, registers: registers)
  trap.write(to: &console)
  Outcome.trap.exit()
}
#endif
