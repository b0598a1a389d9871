// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import CBootmem
import PhysicalMemory

/// Memory at the pointers that the kernel's direct map gives.
struct DirectMap: MappedMemory {
  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    let platform = unsafe bootmem_platform_pointer().unsafelyUnwrapped
    // Wraps around, as the header says.
    return unsafe UnsafeMutableRawPointer(
      bitPattern: UInt(truncatingIfNeeded: address.rawValue) &+ platform.pointee.direct_map_offset)
  }

  func bitmapPages(overlapping pages: PageRange) -> PageRange? {
    unsafe LedgerState.memory.pointee.bitmapPages(overlapping: pages)
  }
}
