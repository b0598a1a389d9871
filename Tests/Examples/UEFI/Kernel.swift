// SPDX-License-Identifier: MIT
import Bootmem
import Machine

/// What `entry.c` calls, with the address of EFI's memory map: boot services have ended.
@c(kernel_main)
public func kernelMain(map: UInt64, byteCount: UInt64, descriptorByteCount: UInt64) -> Never {
  var console = Console()
  let reader = EFIMemoryMap(byteCount: byteCount, descriptorByteCount: descriptorByteCount)
  do throws(BootError) {
    try run(reader, at: PhysicalAddress(map), console: &console)
  } catch {
    error.write(to: &console)
    console.write("\n")
    machine_exit(1)
  }
  console.write("ok\n")
  machine_exit(0)
}

/// From EFI's map to allocated memory, and on to a page allocator.
private func run(
  _ reader: EFIMemoryMap, at address: PhysicalAddress, console: inout Console
) throws(BootError) {
  var storage = StaticStorage()
  let reach = PhysicalAddress(machine_reach)

  // The image, and all that is in it, is memory of the loader's in this map, and so it is held.
  let memory = unsafe DirectMappedMemory(reach: AddressRange(0x0..<reach))
  var information = unsafe BootInformation(
    regions: MemoryRegionList(storage: storage.take(count: 1024)),
    heldRanges: OwnedRangeList(storage: storage.take(count: 1024)))
  try BootStage.firmware(
    information.read(reader, at: address, in: memory, reportingTo: &console))
  console.write(decimal: UInt64(information.regions.count))
  console.write(" regions in EFI's map\n")

  let map = try unsafe BootStage.memoryMap(
    MemoryMap(sanitizing: &information.regions, storage: storage.take(count: 2048)))
  var owners = unsafe OwnerTable(storage: storage.take(count: 1024))
  try BootStage.bootPlan(owners.add(AddressRange(0x0..<0x1000), .firstPage))
  try BootStage.bootPlan(owners.add(contentsOf: information.heldRanges))

  var bootMemory = unsafe BootMemory(
    platform: BootMemoryPlatform(), nodes: storage.take(count: 1))
  try BootStage.bootPlan(
    bootMemory.setUpNodes(
      NodeMap(oneNodeOf: map), below: reach.pageFrame, owners: &owners, reportingTo: &console))
  let pageTable = try BootStage.bootMemory(bootMemory.allocate(.pages(byteCount: 4096)))
  console.write("page table at ")
  console.write(hexadecimal: pageTable.rawValue)
  console.write("\n")

  // Here the pages become somebody's.  The firmware's stack and page tables are among them.
  let pageCount = try BootStage.bootMemory(
    bootMemory.handOver(maximumOrder: 10) { block in
      let start = UInt(block.first.number * PageFrame.byteCount)
      unsafe UnsafeMutablePointer<UInt64>(bitPattern: start)!.pointee = 0xaaaa_aaaa_aaaa_aaaa
    })
  console.write(decimal: pageCount)
  console.write(" pages\n")
}

/// The first serial port.
struct Console: TextSink {
  mutating func write(byte: UInt8) { _ = putchar(Int32(byte)) }
}

/// Room in the image for the tables that boot memory works on, taken from front to back.
@safe struct StaticStorage: ~Copyable {
  private var next = unsafe storage_start()!

  /// Takes room for `count` elements, not initialised.
  mutating func take<Element>(
    _ type: Element.Type = Element.self, count: Int
  ) -> UnsafeMutableBufferPointer<Element> {
    let start = unsafe next.alignedUp(for: type)
    unsafe next = start + MemoryLayout<Element>.stride * count
    precondition(unsafe next <= storage_start()! + Int(STORAGE_SIZE))
    let first = unsafe start.bindMemory(to: type, capacity: count)
    return unsafe UnsafeMutableBufferPointer(start: first, count: count)
  }
}
