import Start
import TextOutput

/// Where a trap is reported, once there is a console.
nonisolated(unsafe) var trapConsole = Console.none

/// An exception, as it is reported.
@safe
struct Trap {
  let vector: UInt
  private let registers: UnsafePointer<UInt>

  init(vector: UInt, registers: UnsafePointer<UInt>) {
    self.vector = vector
    unsafe self.registers = registers
  }

  #if arch(arm64)
  /// x0 to x30 and the stack pointer, then where it happened, why, and the address in question.
  private static var addressIndex: Int { 32 }
  private static var causeIndex: Int? { 33 }
  private static var faultIndex: Int { 34 }

  /// The class of the exception (Arm ARM, ESR_EL1.EC).
  private var name: StaticString {
    switch unsafe registers[33] >> 26 & 0x3f {
    case 0x00: "unknown instruction"
    case 0x20, 0x21: "instruction abort"
    case 0x22: "misaligned program counter"
    case 0x24, 0x25: "data abort"
    case 0x26: "misaligned stack pointer"
    case 0x2f: "system error"
    case 0x3c: "break instruction: a check of Swift's failed there"
    default: "exception"
    }
  }
  #else
  /// x0 to x31, then where it happened and the address in question.
  private static var addressIndex: Int { 32 }
  private static var causeIndex: Int? { nil }
  private static var faultIndex: Int { 33 }

  /// The cause (RISC-V privileged architecture, table of scause).
  private var name: StaticString {
    switch vector {
    case 0: "misaligned instruction"
    case 1: "instruction access fault"
    case 2: "illegal instruction: a check of Swift's failed there"
    case 3: "breakpoint"
    case 4: "misaligned load"
    case 5: "load access fault"
    case 6: "misaligned store"
    case 7: "store access fault"
    case 12: "instruction page fault"
    case 13: "load page fault"
    case 15: "store page fault"
    default: "trap"
    }
  }
  #endif

  /// Writes what happened, where, and all registers.
  func write(to sink: inout some TextSink) {
    sink.write("\ntrap: ")
    sink.write(name)
    sink.write(" (vector ")
    sink.write(decimal: vector)
    if let index = Self.causeIndex {
      sink.write(", cause ")
      unsafe sink.write(hexadecimal: registers[index])
    }
    sink.write(") at 0x")
    unsafe sink.write(hexadecimal: registers[Self.addressIndex], minimumDigitCount: 16)
    sink.write(", address 0x")
    unsafe sink.write(hexadecimal: registers[Self.faultIndex], minimumDigitCount: 16)
    sink.write("\n")
    for number in 0..<32 {
      sink.write("  x")
      sink.write(decimal: UInt(number))
      sink.write(number < 10 ? "  " : " ")
      unsafe sink.write(hexadecimal: registers[number], minimumDigitCount: 16)
      if number % 4 == 3 { sink.write("\n") }
    }
  }
}

/// Every exception ends here, from the entries in `boot/`.
@c(kernel_trap)
func kernelTrap(vector: UInt, registers: UnsafePointer<UInt>) -> Never {
  var console = unsafe trapConsole
  let trap = unsafe Trap(vector: vector, registers: registers)
  trap.write(to: &console)
  board_exit(37)
}
