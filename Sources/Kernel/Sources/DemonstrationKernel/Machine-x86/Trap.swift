// SPDX-License-Identifier: MIT
#if arch(i386) || arch(x86_64)
import Board
import TextOutput

/// An exception of the processor, as it is reported.
struct Trap {
  let vector: UInt
  let errorCode: UInt
  let instructionPointer: UInt
  let stackPointer: UInt
  let faultAddress: UInt

  private static let invalidOpcode: UInt = 6
  private static let doubleFault: UInt = 8
  private static let pageFault: UInt = 14

  /// The exception's name (Intel SDM volume 3, table 6-1).
  private var name: StaticString {
    switch vector {
    case 0: "divide error"
    case 1: "debug"
    case 2: "non-maskable interrupt"
    case 3: "breakpoint"
    case 4: "overflow"
    case 5: "bound range exceeded"
    case Self.invalidOpcode: "invalid opcode"
    case 7: "no coprocessor"
    case Self.doubleFault: "double fault"
    case 10: "invalid task state"
    case 11: "segment not present"
    case 12: "stack fault"
    case 13: "general protection"
    case Self.pageFault: "page fault"
    case 16: "floating-point error"
    case 17: "alignment check"
    case 18: "machine check"
    case 19: "SIMD floating-point error"
    default: "exception"
    }
  }

  private var place: TrapPlace { TrapPlace(address: faultAddress) }

  /// Writes what happened and where.
  func write(to sink: inout some TextSink) {
    sink.write("\ntrap: ")
    sink.write(name)
    sink.write(" (vector ")
    sink.write(decimal: vector)
    sink.write(", error code ")
    sink.write(hexadecimal: errorCode)
    sink.write(") at 0x")
    sink.write(hexadecimal: instructionPointer, minimumDigitCount: 8)
    sink.write(", stack 0x")
    sink.write(hexadecimal: stackPointer, minimumDigitCount: 8)
    switch vector {
    case Self.invalidOpcode:
      sink.write("\n  a check of Swift's failed there: overflow, precondition or unwrapping nil")
    case Self.pageFault:
      // Bits of the error code: a store, an instruction fetch.
      sink.write(
        errorCode & 2 != 0
          ? "\n  by writing " : errorCode & 16 != 0 ? "\n  by executing " : "\n  by reading ")
      place.write(to: &sink)
    case Self.doubleFault:
      sink.write(
        place.isBelowStack ? "\n  the kernel's stack ran out at " : "\n  last fault address ")
      place.write(to: &sink)
    default:
      break
    }
    sink.write("\n")
  }
}

/// The video mode for a trap's report: the BIOS data area may be out of reach by then.
nonisolated(unsafe) var trapVideoMode: UInt8 = 0

/// Every exception ends here, from the entries in `boot/`.
@c(kernel_trap)
func kernelTrap(
  vector: UInt, errorCode: UInt, instructionPointer: UInt, stackPointer: UInt, faultAddress: UInt
) -> Never {
  beginTrapReport()
  // A console of its own: the kernel's may be what trapped.
  var console = unsafe Console(videoMode: trapVideoMode, attribute: .alarm)
  Trap(
    vector: vector, errorCode: errorCode, instructionPointer: instructionPointer,
    stackPointer: stackPointer, faultAddress: faultAddress
  ).write(to: &console)
  Outcome.trap.exit()
}
#endif
