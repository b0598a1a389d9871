import BootMemory
import CBootMemory
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func bootmem_is_reserved(_ pfn: UInt) -> Int32 {
  let memory = unsafe LibraryState.memory
  // After the hand-over the bitmap belongs to the page allocator.
  if unsafe memory.pointee.isHandedOver { return 1 }
  guard let isReserved = unsafe memory.pointee.isReserved(PageFrame(UInt64(pfn))) else {
    return ErrorNumber.invalid
  }
  return isReserved ? 1 : 0
}
