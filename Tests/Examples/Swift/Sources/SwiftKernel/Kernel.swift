// SPDX-License-Identifier: MIT
import Bootmem
import Machine
import StaticStorage

/// What `start.S` calls, with the address of what the loader handed over.
///
/// The symbol is the one that the package manager demands of an executable of this name.
@c(SwiftKernel_main)
public func kernelMain(address: UInt) -> Never {
  var console = Console()
  do throws(BootError) {
    try run(informationAt: PhysicalAddress(UInt64(address)), console: &console)
  } catch {
    error.write(to: &console)
    console.write("\n")
    machine_exit(1)
  }
  console.write("ok\n")
  machine_exit(0)
}

/// From the loader's table to allocated memory, and on to a page allocator.
private func run(
  informationAt address: PhysicalAddress, console: inout Console
) throws(BootError) {
  var storage = StaticStorage()
  var tables = try BootTables(readingFrom: address, storage: &storage, console: &console)

  // A bitmap behind what is held; usable memory is free, what is held is reserved.
  var memory = unsafe BootMemory(
    platform: BootMemoryPlatform(), nodes: storage.take(count: 1))
  try BootStage.bootPlan(
    memory.setUpNodes(
      NodeMap(oneNodeOf: tables.map), below: BootTables.reach, owners: &tables.owners,
      reportingTo: &console))

  let pageTable = try BootStage.bootMemory(memory.allocate(.pages(byteCount: 4096)))
  console.write("page table at ")
  console.write(hexadecimal: pageTable.rawValue)
  console.write("\n")

  // With a name, an allocation is entered in the table of owners too: that is the ledger.
  _ = try BootStage.bootMemory(
    memory.allocate(.pages(byteCount: 16384), as: "stack of init", in: &tables.owners))
  tables.owners.markNeededOnlyDuringBoot { $0 == .loader(.bootInformation) }
  tables.owners.writeReport(to: &console)

  var blockCount: UInt64 = 0
  let pageCount = try BootStage.bootMemory(
    memory.handOver(maximumOrder: 10) { _ in blockCount += 1 })  // Here they become somebody's.
  console.write(decimal: pageCount)
  console.write(" pages in ")
  console.write(decimal: blockCount)
  console.write(" blocks\n")

  // The boot information was read and copied: its pages go to the page allocator too.
  while let owner = tables.owners.firstOwnerNeededOnlyDuringBoot() {
    _ = try BootStage.bootMemory(
      memory.releaseLate(owner, in: &tables.owners, of: tables.map, below: BootTables.reach) {
        _ in
      })
  }
}
