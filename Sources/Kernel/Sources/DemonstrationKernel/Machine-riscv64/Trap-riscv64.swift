// SPDX-License-Identifier: MIT
#if arch(riscv64)
/// What `boot/riscv64/traps.S` keeps: x0 to x31, sepc and stval; the vector is scause.
extension Trap {
  static var stackRegister: Int { 2 }
  static var placeRegister: Int { 32 }
  static var causeRegister: Int? { nil }
  static var addressRegister: Int { 33 }

  /// The exception's name (RISC-V privileged architecture, table of scause).
  var name: StaticString {
    switch vector {
    case 0: "misaligned instruction"
    case 1: "instruction access fault"
    case 2: "illegal instruction"
    case 3: "breakpoint"
    case 4: "misaligned load"
    case 5: "load access fault"
    case 6: "misaligned store"
    case 7: "store access fault"
    case 12: "instruction page fault"
    case 13: "load page fault"
    case 15: "store page fault"
    default: "exception"
    }
  }

  /// Whether it is an exception that a failed check of Swift raises.
  var isFailedCheck: Bool { vector == 2 || vector == 3 }

  /// The access that was tried at the address in question; nil if there is none.
  var access: StaticString? {
    switch vector {
    case 0, 1, 12: "\n  by executing "
    case 4, 5, 13: "\n  by reading "
    case 6, 7, 15: "\n  by writing "
    default: nil
    }
  }
}
#endif
