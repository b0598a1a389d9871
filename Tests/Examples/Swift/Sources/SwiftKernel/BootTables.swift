// SPDX-License-Identifier: MIT
import Bootmem
import Machine
import StaticStorage

/// What the kernel knows of memory before it can allocate any.
struct BootTables: ~Copyable {
  /// The end of the memory that is mapped, each byte at its own address: 4 GiB.
  static let reach: PageFrame = 0x10_0000

  let map: MemoryMap
  var owners: OwnerTable

  /// What the loader left: on a PC by Multiboot 1, elsewhere a device tree.
  #if arch(arm64) || arch(riscv64)
  private static var loader: DeviceTreeBlob { DeviceTreeBlob() }
  #else
  private static var loader: Multiboot1 { Multiboot1() }
  #endif

  /// Reads it at `address`.
  init(
    readingFrom address: PhysicalAddress, storage: inout StaticStorage, console: inout Console
  ) throws(BootError) {
    // Copied into tables of the kernel's, since the loader's may lie anywhere.
    let memory = unsafe DirectMappedMemory(reach: AddressRange(0x0..<0x1_0000_0000))
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: storage.take(count: 128)),
      heldRanges: OwnedRangeList(storage: storage.take(count: 128)))
    try BootStage.firmware(
      information.read(Self.loader, at: address, in: memory, reportingTo: &console))

    // Sorted, disjoint, of whole pages.  Twice the number of regions is always enough.
    let map = try unsafe BootStage.memoryMap(
      MemoryMap(sanitizing: &information.regions, storage: storage.take(count: 256)))

    // Who holds what.  Page 0 is kept so that no pointer to memory in use is ever nil.
    var owners = unsafe OwnerTable(storage: storage.take(count: 256))
    try BootStage.bootPlan(owners.add(Self.image, .kernelImage))
    try BootStage.bootPlan(owners.add(AddressRange(0x0..<0x1000), .firstPage))
    try BootStage.bootPlan(owners.add(contentsOf: information.heldRanges))
    self.map = map
    self.owners = owners
  }

  /// The kernel's own memory, its stack and these tables included.
  private static var image: AddressRange {
    AddressRange(
      PhysicalAddress(UInt64(machine_image_start()))..<PhysicalAddress(UInt64(machine_image_end())))
  }
}
