// SPDX-License-Identifier: MIT
// Pages for swift_os, which has none of its own: from swift-bootmem, behind its image.
internal import BootMemory
internal import LinkerSupport
internal import PageAllocator
internal import PhysicalMemory
internal import RaspberryPi

/// Makes a page allocator of what the firmware leaves to the processor.
///
/// Behind the image lie a page for each of the two tables of nodes, and the bitmap.
private func makePages(_ machine: borrowing MemoryManager) throws(BootMemoryError) -> PageAllocator?
{
  let first = PageFrame(
    PhysicalAddress(UInt64(ImageLayout.kernelImageEnd) + PageFrame.byteCount - 1).pageFrame.number)
  let end = PageFrame(PhysicalAddress(UInt64(machine.baseAddress + machine.total)).pageFrame.number)
  var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: table(at: first))
  let bitmap = PageFrame(first.number + 2)
  let byteCount = try memory.registerNode(
    NodeID(0), spanning: PageRange(PageFrame(0)..<end), bitmapAt: bitmap)
  let free = PageFrame(bitmap.number + PageFrame.pageCount(holdingByteCount: byteCount))
  try memory.free(PageRange(free..<end))
  return unsafe try? PageAllocator(
    takingOver: &memory, nodes: table(at: PageFrame(first.number + 1)))
}

/// Room for one element, at the start of a page.
private func table<Element>(at page: PageFrame) -> UnsafeMutableBufferPointer<Element> {
  let place = unsafe UnsafeMutablePointer<Element>(
    bitPattern: UInt(page.number * PageFrame.byteCount))
  return unsafe UnsafeMutableBufferPointer(start: place, count: 1)
}

/// Takes pages and gives them back, and says how many there are.
func checkPages(_ machine: borrowing MemoryManager) {
  guard var pages = try? makePages(machine),
    let before = try? pages.statistics(of: NodeID(0)).freePageCount,
    let stack = try? pages.allocate(order: 2), let buffer = try? pages.allocate(pageCount: 1000)
  else { return print("there are no pages") }
  try? pages.free(buffer)
  try? pages.free(stack, order: 2)
  print(before, terminator: " ")
  let after = try? pages.statistics(of: NodeID(0)).freePageCount
  print(after == before ? "pages are free" : "pages were free, and some are missing")
}
