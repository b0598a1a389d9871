// SPDX-License-Identifier: MIT
#if hasFeature(Embedded)
import Board
import Firmware
import PhysicalMemory

/// Physical memory as the kernel reads it: at its own address, except for page 0, which is seen
/// through a window, and the pages below the stacks, which are not mapped.
@safe
struct FirmwareMemory: PhysicalMemoryReader {
  // Addresses in the processor's width: every byte that firmware and loader left is read through them.
  private let last: UInt
  private let bootStackGuard: UInt
  private let trapStackGuard: UInt
  private let firstPageAddress: UInt

  /// Memory below `end`, which must be mapped.
  ///
  /// - Parameter firstPageAddress: Where page 0 is seen.
  init(below end: PageFrame, firstPageAddress: UInt) {
    // The end of all 64-bit addresses has no address, nor in 32 bits has that of all 32-bit ones.
    last = UInt(truncatingIfNeeded: (end.firstAddress?.rawValue ?? 0) &- 1)
    bootStackGuard = board_boot_stack_guard()
    trapStackGuard = board_trap_stack_guard()
    self.firstPageAddress = firstPageAddress
  }

  func byte(at address: PhysicalAddress) -> UInt8? {
    guard let byte = unsafe pointer(to: address) else { return nil }
    return unsafe byte.pointee
  }

  /// The bytes of a page; nil where it cannot be read.
  func bytes(of page: PageFrame) -> UnsafeBufferPointer<UInt8>? {
    guard let address = page.firstAddress, let start = unsafe pointer(to: address) else {
      return nil
    }
    return unsafe UnsafeBufferPointer(start: start, count: Int(PageFrame.byteCount))
  }

  private func pointer(to address: PhysicalAddress) -> UnsafePointer<UInt8>? {
    guard let place = UInt(exactly: address.rawValue), place <= last else { return nil }
    let pageByteCount = UInt(truncatingIfNeeded: PageFrame.byteCount)
    if place < pageByteCount {
      return unsafe UnsafePointer(bitPattern: firstPageAddress &+ place)
    }
    // Below a guard page the difference wraps around, to more than a page.
    guard place &- bootStackGuard >= pageByteCount, place &- trapStackGuard >= pageByteCount else {
      return nil
    }
    return unsafe UnsafePointer(bitPattern: place)
  }
}
#endif
