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
  var storage = unsafe TableStorage(
    start: storage_start(), end: storage_start() + Int(STORAGE_SIZE))
  let reach = PhysicalAddress(machine_reach)
  var capacity = MachineAccount.Capacity()
  capacity.regions = 1024
  capacity.heldRanges = 1024
  capacity.owners = 1024

  // The image, and all that is in it, is memory of the loader's in this map, and so it is held.
  let mapped = unsafe DirectMappedMemory(reach: AddressRange(0x0..<reach))
  var account = try MachineAccount(
    reading: reader, at: address, in: mapped, image: nil, below: reach.pageFrame,
    capacity: capacity, storage: &storage, reportingTo: &console)
  console.write(decimal: UInt64(account.map.count))
  console.write(" regions of EFI's map\n")

  var bootMemory = unsafe BootMemory(
    platform: BootMemoryPlatform(), nodes: storage.take(count: 1))
  try bootMemory.setUpNodes(of: &account, reportingTo: &console)
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
