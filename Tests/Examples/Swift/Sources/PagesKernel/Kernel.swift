// SPDX-License-Identifier: MIT
import Bootmem
import ImageStorage
import MachineSupport

/// From what the loader left to pages, which are allocated and freed for as long as the kernel runs.
func run(
  informationAt address: PhysicalAddress, console: inout Console
) throws(BootError) {
  var storage = unsafe TableStorage(start: image_storage_start(), end: image_storage_end())
  let mapped = unsafe DirectMappedMemory(reach: AddressRange(0x0..<0x1_0000_0000))
  var account = try MachineAccount(
    reading: loader, at: address, in: mapped, image: image, below: 0x10_0000, storage: &storage,
    reportingTo: &console)
  var memory = unsafe BootMemory(
    platform: BootMemoryPlatform(), nodes: storage.take(count: 8))
  try memory.setUpNodes(of: &account, reportingTo: &console)
  let message = try BootStage.bootMemory(memory.allocate(.pages(byteCount: 16384)))

  // What is free from here on is the page allocator's, by the same bitmaps.
  var pages = try unsafe BootStage.pageAllocator(
    PageAllocator(takingOver: &memory, nodes: storage.take(count: 8)))
  do throws(PageAllocatorError) {
    // What boot memory gave away stays reserved, until it is needed no longer.
    try pages.release(PageRange(message.pageFrame..<PageFrame(message.pageFrame.number + 4)))
    let freeCount = try pages.statistics(of: NodeID(0)).freePageCount
    console.write(decimal: freeCount)
    console.write(" pages are free\n")
    try use(&pages)
    let isSame = try pages.statistics(of: NodeID(0)).freePageCount == freeCount
    console.write(isSame ? "as many as before\n" : "some are missing\n")
  } catch {
    throw .pageAllocator(error)
  }
}

/// Takes pages, in each way that there is, and gives them back.
private func use(_ pages: inout PageAllocator) throws(PageAllocatorError) {
  // A block: four pages for the stack of a thread, at a multiple of four.
  let stack = try pages.allocate(order: 2)
  // A run: exactly as many pages as a device wants, at a multiple of 2 MiB and below 4 GiB.
  let buffer = try pages.allocate(pageCount: 1000, alignedTo: 512, below: PageFrame(0x10_0000))
  let longer = try pages.resize(buffer, toPageCount: 1200)
  try pages.free(longer)
  try pages.free(stack, order: 2)
}
