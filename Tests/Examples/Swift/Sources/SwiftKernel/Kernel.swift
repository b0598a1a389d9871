// SPDX-License-Identifier: MIT
import Bootmem
import ImageStorage
import MachineSupport

/// From what the loader left to allocated memory, and on to a page allocator.
func run(
  informationAt address: PhysicalAddress, console: inout Console
) throws(BootError) {
  // What there is, what the command line leaves of it, who holds what: in tables of the kernel's.  The
  // first 4 GiB are mapped, each byte at its own address.
  var storage = unsafe TableStorage(start: image_storage_start(), end: image_storage_end())
  let mapped = unsafe DirectMappedMemory(reach: AddressRange(0x0..<0x1_0000_0000))
  var account = try MachineAccount(
    reading: loader, at: address, in: mapped, image: image, below: 0x10_0000, storage: &storage,
    reportingTo: &console)

  // A bitmap behind what is held; usable memory is free, what is held is reserved.
  var memory = unsafe BootMemory(
    platform: BootMemoryPlatform(), nodes: storage.take(count: 8))
  try memory.setUpNodes(of: &account, reportingTo: &console)

  let pageTable = try BootStage.bootMemory(memory.allocate(.pages(byteCount: 4096)))
  console.write("page table at ")
  console.write(hexadecimal: pageTable.rawValue)
  console.write("\n")

  // With a name, an allocation is entered in the table of owners too: that is the ledger.
  _ = try BootStage.bootMemory(
    memory.allocate(.pages(byteCount: 16384), as: "stack of init", in: &account.owners))
  account.owners.markNeededOnlyDuringBoot { $0 == .loader(.bootInformation) }
  account.owners.writeReport(to: &console)

  var blockCount: UInt64 = 0
  let pageCount = try BootStage.bootMemory(
    memory.handOver(maximumOrder: 10) { _ in blockCount += 1 })  // Here they become somebody's.
  console.write(decimal: pageCount)
  console.write(" pages in ")
  console.write(decimal: blockCount)
  console.write(" blocks\n")

  // The boot information was read and copied: its pages go to the page allocator too.
  while let owner = account.owners.firstOwnerNeededOnlyDuringBoot() {
    _ = try BootStage.bootMemory(
      memory.releaseLate(
        owner, in: &account.owners, of: account.map, below: account.reach
      ) { _ in })
  }
}
