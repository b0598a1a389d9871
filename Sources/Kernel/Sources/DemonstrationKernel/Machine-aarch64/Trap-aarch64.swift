// SPDX-License-Identifier: MIT
#if arch(arm64)
/// What `boot/aarch64/traps.S` keeps: x0 to x30, the stack pointer, ELR_EL1, ESR_EL1 and FAR_EL1.
extension Trap {
  static var stackRegister: Int { 31 }
  static var placeRegister: Int { 32 }
  static var causeRegister: Int? { 33 }
  static var addressRegister: Int { 34 }

  private var syndrome: UInt { register(33) }

  /// The class of the exception (Arm ARM, ESR_EL1.EC).
  private var exceptionClass: UInt { syndrome >> 26 & 0x3f }

  /// The exception's name.
  var name: StaticString {
    switch exceptionClass {
    case 0x00: "unknown instruction"
    case 0x20, 0x21: "instruction abort"
    case 0x22: "misaligned program counter"
    case 0x24, 0x25: "data abort"
    case 0x26: "misaligned stack pointer"
    case 0x2f: "system error"
    case 0x3c: "break instruction"
    default: "exception"
    }
  }

  /// Whether it is an exception that a failed check of Swift raises.
  var isFailedCheck: Bool { exceptionClass == 0x3c }

  /// The access that was tried at the address in question; nil if there is none.
  var access: StaticString? {
    switch exceptionClass {
    case 0x20, 0x21: "\n  by executing "
    // WnR: a store.
    case 0x24, 0x25: syndrome & 1 << 6 != 0 ? "\n  by writing " : "\n  by reading "
    default: nil
    }
  }
}
#endif
