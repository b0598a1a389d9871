// SPDX-License-Identifier: MIT
import Bootmem
import ImageStorage
import Machine
import MachineSupport
import RuntimeHeap

/// From what the loader left to Swift's classes and collections, which the page allocator serves in the
/// end.
func run(
  informationAt address: PhysicalAddress, console: inout Console
) throws(BootError) {
  var storage = unsafe TableStorage(start: image_storage_start(), end: image_storage_end())
  let mapped = unsafe DirectMappedMemory(reach: AddressRange(0x0..<0x1_0000_0000))
  var account = try MachineAccount(
    reading: loader, at: address, in: mapped, image: image, below: 0x10_0000, storage: &storage,
    reportingTo: &console)

  // The heap finds its pages here for as long as the kernel runs: a variable would be gone with its scope.
  let memory = unsafe storage.place(
    BootMemory(platform: BootMemoryPlatform(), nodes: storage.take(count: 8)))
  try memory.value.setUpNodes(of: &account, reportingTo: &console)

  guard machine_start_floating_point() != 0 else {
    console.write("this processor has no SSE2, which Swift's tables of Unicode take\n")
    machine_exit(1)
  }
  RuntimeHeap.start(servedBy: memory, platform: heapPlatform, below: 0x10_0000)
  var schedule: Schedule? = Schedule()
  schedule?.add(Counter(name: "counter"))
  schedule?.add(Echo(name: "echo"))
  let indentation = "  "
  schedule?.add { print(indentation + $0) }
  print("served by boot memory:")
  schedule?.work()

  // Every page that is free goes to the page allocator, and the heap with what lives in it goes on there.
  let pages = try unsafe BootStage.pageAllocator(
    storage.place(PageAllocator(takingOver: &memory.value, nodes: storage.take(count: 8))))
  RuntimeHeap.serve(from: pages)
  print("served by the page allocator:")
  schedule?.add(Counter(name: "late counter"))
  schedule?.work()

  // The kernel takes pages as well: for page tables, for the stacks of its threads.
  let stack = try BootStage.pageAllocator(pages.value.allocate(order: 2))
  try BootStage.pageAllocator(pages.value.free(stack, order: 2))

  schedule = nil
  RuntimeHeap.trim()
  let allocationCount = RuntimeHeap.statistics.allocationCount
  let freeCount = try BootStage.pageAllocator(pages.value.statistics(of: NodeID(0))).freePageCount
  print("\(allocationCount) allocations are left, and \(freeCount) pages are free")
}
