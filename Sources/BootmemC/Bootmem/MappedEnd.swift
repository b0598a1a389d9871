// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func bootmem_set_mapped_end(_ end: UInt) {
  unsafe LibraryState.memory.pointee.mappedEnd =
    end == 0 ? nil : PhysicalAddress(UInt64(end))
}
