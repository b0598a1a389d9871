// SPDX-License-Identifier: MIT
import Board
import PhysicalMemory
import TextOutput

/// An address that a trap is about, and what of the kernel lies there.
struct TrapPlace {
  let address: UInt

  /// Whether it lies below the kernel's stack, which must have run out.
  var isBelowStack: Bool { isInPage(at: board_boot_stack_guard()) }

  /// What lies there.
  var name: StaticString {
    if isInPage(at: 0) { return "page 0" }
    if isBelowStack { return "guard page of the boot stack" }
    if isInPage(at: board_trap_stack_guard()) { return "guard page of the trap stack" }
    guard address >= board_image_start(), address < board_image_end() else {
      return "outside of the kernel"
    }
    // The sections lie in this order.
    if address < board_image_text_start() { return "kernel constants" }
    if address < board_image_text_end() { return "kernel code" }
    if address < board_image_read_only_end() { return "kernel constants" }
    if address < board_page_tables_start() { return "kernel variables" }
    if address < board_page_tables_end() { return "page tables" }
    return address < board_trap_stack_guard() ? "boot stack" : "trap stack"
  }

  /// Writes the address and its name.
  func write(to sink: inout some TextSink) {
    sink.write("0x")
    sink.write(hexadecimal: address, minimumDigitCount: 8)
    sink.write(": ")
    sink.write(name)
  }

  private func isInPage(at start: UInt) -> Bool {
    address & ~(UInt(PageFrame.byteCount) - 1) == start
  }
}

/// Whether a trap is being reported, in which case the next one cannot be.
nonisolated(unsafe) private var isReportingTrap = false

/// Makes the next trap end the run without a report.
func endSilentlyOnTrap() { unsafe isReportingTrap = true }

/// Begins the report of a trap; ends the run at once if the report of another one trapped.
func beginTrapReport() {
  guard unsafe !isReportingTrap else { Outcome.endSilently() }
  endSilentlyOnTrap()
}
