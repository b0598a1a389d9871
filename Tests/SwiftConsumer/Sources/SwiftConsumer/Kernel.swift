// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// The kernel's first call: sets boot memory up, takes page tables from it, and gives the rest to the
/// page allocator.
///
/// - Parameters:
///   - directMapOffset: What to add to a physical address for a pointer to it.
///   - storage: Room of the kernel's own, 4 KiB aligned to 16 bytes.
/// - Returns: The number of pages given away.
@c(kernel_set_up_memory)
public func setUpMemory(directMapOffset: UInt, storage: UnsafeMutableRawPointer) -> UInt64 {
  var pagesGivenAway: UInt64 = 0
  do {
    var memory = try unsafe makeMemory(directMapOffset: directMapOffset, storage: storage)
    let pageTables = try memory.allocate(.pages(byteCount: 4 * PageFrame.byteCount))
    precondition(pageTables.isPageAligned)
    try memory.handOver(maximumOrder: 10) { block in
      pagesGivenAway += block.pageCount  // Here the page allocator takes the block.
    }
  } catch {
    var screen = Screen(place: directMapOffset &+ 0xb8000)
    error.write(to: &screen)
  }
  return pagesGivenAway
}

/// Registers the node, frees what the firmware's map says is usable, and reserves the kernel.
private func makeMemory(
  directMapOffset: UInt, storage: UnsafeMutableRawPointer
) throws(BootMemoryError) -> BootMemory {
  var platform = BootMemoryPlatform()
  platform.directMapOffset = directMapOffset
  // One node of 64 MiB, and its bitmap behind it, in the kernel's own image.
  let node = unsafe storage.bindMemory(to: BootMemoryNode.self, capacity: 1)
  var memory = unsafe BootMemory(
    platform: platform, nodes: UnsafeMutableBufferPointer(start: node, count: 1))
  try unsafe memory.registerNode(
    NodeID(0), spanning: range(0, byteCount: 0x400_0000).touchedPages,
    bitmap: UnsafeMutableRawBufferPointer(start: storage + 1024, count: 3072))
  try memory.free(range(0x1000, byteCount: 0x9e000))
  try memory.free(range(0x10_0000, byteCount: 0x3f0_0000))
  try memory.reserve(range(0x10_0000, byteCount: 0x8_0000))
  return memory
}

private func range(_ start: UInt64, byteCount: UInt64) -> AddressRange {
  AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount)
}

/// The VGA's text screen, from the top left.
private struct Screen: TextSink {
  var place: UInt

  mutating func write(byte: UInt8) {
    unsafe UnsafeMutablePointer<UInt8>(bitPattern: place)?.pointee = byte
    place &+= 2
  }
}
