#if hasFeature(Embedded) && (arch(arm64) || arch(riscv64))
import Board
import Firmware
import PhysicalMemory
import TextOutput

/// A trap on request, `trap=KIND` on the command line: proof that none goes unreported.
enum DeliberateTrap {
  /// An addition that overflows, which Swift checks.
  case overflow
  /// A store through a nil pointer.
  case pageFault
  /// A store to the kernel's code.
  case storeToCode
  /// A store to the page tables.
  case storeToTables
  /// A store to memory that is not mapped, as no memory map has been read.
  case storeToUnmapped
  /// A call of data.
  case execution
  /// A recursion that never ends.
  case stackOverflow

  /// The trap that a word asks for; nil if there is none of that name.
  init?(_ word: CommandLineWord) {
    if word.equals("overflow") {
      self = .overflow
    } else if word.equals("page") {
      self = .pageFault
    } else if word.equals("code") {
      self = .storeToCode
    } else if word.equals("tables") {
      self = .storeToTables
    } else if word.equals("unmapped") {
      self = .storeToUnmapped
    } else if word.equals("execute") {
      self = .execution
    } else if word.equals("stack") {
      self = .stackOverflow
    } else {
      return nil
    }
  }

  /// Traps.  Returns only where the processor let it pass.
  func spring(in console: inout Console) {
    console.write("trapping on purpose\n")
    switch self {
    case .overflow:
      console.write(decimal: Self.successor(of: .max))
    case .pageFault:
      board_write_memory16(0x10, 0)
    case .storeToCode:
      board_write_memory16(board_image_text_start(), 0)
    case .storeToTables:
      board_write_memory16(board_boot_page_tables(), 0)
    case .storeToUnmapped:
      board_write_memory16(UInt(Paging.firmwareEnd.number << PageFrame.byteCountShift) - 2, 0)
    case .execution:
      board_call(board_kernel_tables())
    case .stackOverflow:
      console.write(decimal: Self.depth(of: 1))
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
#endif
