// SPDX-License-Identifier: MIT
import Board
import Firmware
import PhysicalMemory
import TextOutput

/// A trap on request, `trap=KIND` on the command line: proof that none goes unreported.
enum DeliberateTrap {
  /// An addition that overflows; Swift checks for that.
  case overflow
  /// An instruction that the processor refuses.
  case instruction
  /// A store through a nil pointer.
  case storeToFirstPage
  /// A load through a nil pointer.
  case loadFromFirstPage
  /// A store to the kernel's code.
  case storeToCode
  /// A store to the kernel's constants.
  case storeToConstants
  /// A store to the page tables.
  case storeToTables
  /// A store to memory that is neither the kernel's nor known to be usable.
  case storeOutside
  /// A call of data.  The page tables of i386 cannot forbid it.
  case execution
  /// A recursion that never ends.
  case stackOverflow
  /// A load from the page below the kernel's stack.
  case loadFromStackGuard
  /// A load from the page below the stack on which traps are reported.
  case loadFromTrapStackGuard

  /// The trap that a word asks for; nil if there is none of that name.
  init?(_ word: CommandLineWord) {
    if word.equals("overflow") {
      self = .overflow
    } else if word.equals("instruction") {
      self = .instruction
    } else if word.equals("page") {
      self = .storeToFirstPage
    } else if word.equals("read") {
      self = .loadFromFirstPage
    } else if word.equals("code") {
      self = .storeToCode
    } else if word.equals("constants") {
      self = .storeToConstants
    } else if word.equals("tables") {
      self = .storeToTables
    } else if word.equals("outside") {
      self = .storeOutside
    } else if word.equals("execute") {
      self = .execution
    } else if word.equals("stack") {
      self = .stackOverflow
    } else if word.equals("guard") {
      self = .loadFromStackGuard
    } else if word.equals("trap-guard") {
      self = .loadFromTrapStackGuard
    } else {
      return nil
    }
  }

  /// Traps.  Returns only if the processor let it pass, as with a page fault without paging.
  func spring(in console: inout Console) {
    console.write("trapping on purpose\n")
    switch self {
    case .overflow: console.write(decimal: Self.successor(of: .max))
    case .instruction: board_raise_exception()
    case .storeToFirstPage: board_write_memory16(0x10, 0)
    case .loadFromFirstPage: _ = board_read_memory16(0x10)
    case .storeToCode: board_write_memory16(board_image_text_start(), 0)
    case .storeToConstants: board_write_memory16(board_image_read_only_end() - 2, 0)
    case .storeToTables: board_write_memory16(board_boot_page_tables(), 0)
    case .storeOutside: board_write_memory16(Paging.unusableAddress, 0)
    case .execution: board_execute_data(board_kernel_tables())
    case .stackOverflow: console.write(decimal: Self.depth(of: 1))
    case .loadFromStackGuard: _ = board_read_memory16(board_boot_stack_guard())
    case .loadFromTrapStackGuard: _ = board_read_memory16(board_trap_stack_guard())
    }
  }

  @inline(never)
  private static func successor(of value: UInt8) -> UInt8 { value + 1 }

  /// Needs the result of each call after it, so that no compiler turns it into a loop.
  @inline(never)
  private static func depth(of value: UInt32) -> UInt32 {
    value == 0 ? 0 : depth(of: value &* 3) ^ board_opaque(value)
  }
}
