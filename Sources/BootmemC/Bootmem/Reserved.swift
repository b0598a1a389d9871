// SPDX-License-Identifier: MIT
import BootMemory
import CBootmem
import PhysicalMemory

/// See bootmem.h.
@c @implementation
public func bootmem_is_reserved(_ pfn: UInt) -> Int32 {
  let page = PageFrame(UInt64(pfn))
  for nid in 0..<BOOTMEM_MAX_NODES {
    // Empty for a node that is not registered.
    let span = unsafe (LibraryState.nodes + Int(nid)).pointee.span
    guard page >= span.start, page < span.end else { continue }
    let bit = UInt(truncatingIfNeeded: page.number - span.start.number)
    let width = UInt(UInt.bitWidth)
    // All ones after the hand-over, when the bitmap belongs to the page allocator.
    let word = unsafe bootmem_map_word(bootmem_node(nid), bit / width)
    return Int32(truncatingIfNeeded: word >> (bit % width) & 1)
  }
  return ErrorNumber.invalid
}
