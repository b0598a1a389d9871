#if hasFeature(Embedded)
import Board

/// How a page at the bottom of memory, where the kernel's image lies, is to be mapped.
enum LowPage {
  case unmapped
  case readOnly
  case writable

  /// Page 0, to catch nil pointers, and the one below the stack are unmapped; code and constants are
  /// read-only.
  init(at address: UInt) {
    if address == 0 || address == board_boot_stack_guard() {
      self = .unmapped
    } else if address >= board_image_start() && address < board_image_read_only_end() {
      self = .readOnly
    } else {
      self = .writable
    }
  }
}
#endif
