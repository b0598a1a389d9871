// SPDX-License-Identifier: MIT
import Board
import BootPlan
import Bootmem
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the kernel finds on entry.
///
/// All of it is copied into the kernel's own tables before any memory is used.
extension MachineAccount {
  /// More entries than any firmware has been seen to report: the largest known table has 312.
  private static var regionCapacity: Int { 1024 }
  private static var heldRangeCapacity: Int { 768 }
  /// All held ranges, a bitmap for each node, the kernel's own memory, and bad memory.
  private static var ownerCapacity: Int { 1024 }
  private static var commandLineCapacity: Int { 4096 }
  private static var affinityCapacity: Int { 256 }
  private static var nameCapacity: Int { 1024 }

  /// Reads what the loader left, and prints the map as given and as sanitised.
  init(
    of loader: Loader, in memory: some PhysicalMemoryReader, tables: inout TableStorage,
    stopwatch: inout Stopwatch, console: inout Console
  ) throws(BootError) {
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: tables.take(count: Self.regionCapacity)),
      heldRanges: OwnedRangeList(storage: tables.take(count: Self.heldRangeCapacity)))
    console.write("loader: ")
    console.write(loader.name)
    console.write("\nreach: ")
    console.write("pages ")
    // Without this line, a reader of the output would take pages to have 4 KiB.
    if PageFrame.byteCount != 4096 {
      console.write("of ")
      console.write(byteCount: PageFrame.byteCount)
      console.write(" ")
    }
    console.write("below 0x", hexadecimal: Paging.reach.number, "\n")
    try BootStage.firmware(loader.read(&information, in: memory, reportingTo: &console))
    let commandLine = unsafe KernelCommandLine(
      copying: information.commandLine, in: memory,
      storage: tables.take(count: Self.commandLineCapacity))
    stopwatch.pause()
    console.write("command line: ")
    commandLine.write(to: &console)
    if commandLine.isCut { console.write("... (cut)") }
    console.write("\nmemory map as given:\n")
    information.regions.write(to: &console)
    stopwatch.resume()
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(
        storage: tables.take(count: Self.affinityCapacity),
        hotPluggable: tables.take(count: Self.affinityCapacity)),
      domains: tables.take(count: Kernel.nodeCapacity))
    try unsafe self.init(
      of: &information, commandLine: commandLine, nodes: &nodes, in: memory,
      image: Self.range(board_image_start(), board_boot_stack_guard()),
      bootStack: Self.range(board_boot_stack_guard(), board_image_end()), below: Paging.reach,
      map: tables.take(count: 2 * Self.regionCapacity),
      owners: tables.take(count: Self.ownerCapacity),
      names: tables.take(count: Self.nameCapacity), reportingTo: &console)
    owners.markNeededOnlyDuringBoot { Self.isCopied($0) }
    stopwatch.pause()
    console.write("memory map as sanitised:\n")
    map.write(to: &console)
    writeNodes(to: &console)
    stopwatch.resume()
  }

  /// Prints which memory belongs to which node, if there are several, and what is hot-pluggable.
  private borrowing func writeNodes(to console: inout Console) {
    if nodes.nodeCount > 1 {
      console.write("nodes: ")
      console.write(decimal: nodes.nodeCount.magnitude)
      console.write(", with storage for ")
      console.write(decimal: Kernel.nodeCapacity.magnitude)
      console.write("\n")
      nodes.write(to: &console)
    }
    if nodes.hotPluggable.count > 0 {
      console.write("hot-pluggable memory:\n")
      nodes.hotPluggable.write(to: &console)
    }
  }

  /// Whether the kernel needs an owner's memory only until it has read it.
  private static func isCopied(_ owner: MemoryOwner) -> Bool {
    guard case .loader(let data) = owner else { return false }
    switch data {
    case .bootInformation, .memoryMap, .commandLine, .loaderName, .moduleList, .module,
      .moduleCommandLine:
      return true
    // All that the kernel knows of symbols and devices is that they exist.
    case .symbols, .deviceInformation, .setupData, .kernelAndModules, .loaderReclaimable,
      .deviceTree, .crashHeader, .memoryReservation, .reservedMemory, .reusableMemory,
      .placedMemory:
      return false
    }
  }

  private static func range(_ start: UInt, _ end: UInt) -> AddressRange {
    guard
      let range = AddressRange(
        start: PhysicalAddress(UInt64(start)), end: PhysicalAddress(UInt64(end)))
    else { fatalError("the linker script puts an end before its start") }
    return range
  }
}
