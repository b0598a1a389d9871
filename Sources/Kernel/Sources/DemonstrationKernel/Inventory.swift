// SPDX-License-Identifier: MIT
import Board
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// What the kernel finds on entry: the memory of the machine and who holds it already.
///
/// All of it is copied into the kernel's own tables before any memory is used.
struct Inventory: ~Copyable {
  /// As many entries as any firmware was seen to give, and more: the greatest table known has 312.
  static let regionCapacity = 1024
  static let heldRangeCapacity = 768
  /// All of those, a bitmap for each node, the kernel's own, and bad memory.
  static let ownerCapacity = 1024
  static let commandLineCapacity = 4096
  static let affinityCapacity = 256

  let commandLine: KernelCommandLine
  let parameters: MemoryParameters
  let map: MemoryMap
  var nodes: NodeMap
  var owners: OwnerTable

  /// Reads what the loader left, and prints the map as given and as sanitised.
  init<Memory: PhysicalMemoryReader>(
    of loader: Loader, in memory: Memory, tables: inout StaticMemory,
    stopwatch: inout Stopwatch, console: inout Console
  ) throws(KernelError) {
    let regions = unsafe tables.take(MemoryRegion.self, count: Self.regionCapacity)
    let heldRanges = unsafe tables.take(OwnedRange.self, count: Self.heldRangeCapacity)
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regions),
      heldRanges: OwnedRangeList(storage: heldRanges))
    console.write("loader: ")
    console.write(loader.name)
    console.write("\n")
    do {
      try loader.read(&information, in: memory, reportingTo: &console)
    } catch {
      throw .firmware(error)
    }
    let commandLine = unsafe KernelCommandLine(
      copying: information.commandLine, in: memory,
      storage: tables.take(UInt8.self, count: Self.commandLineCapacity))
    stopwatch.pause()
    console.write("command line: ")
    commandLine.write(to: &console)
    if commandLine.isCut { console.write("... (cut)") }
    console.write("\nmemory map as given:\n")
    information.regions.write(to: &console)
    stopwatch.resume()
    let parameters = MemoryParameters(
      applying: commandLine, to: &information.regions,
      limitMeaning: information.memoryLimitMeaning, reportingTo: &console)
    let map: MemoryMap
    do {
      // Twice the number of regions is always enough.
      map = unsafe try MemoryMap(
        sanitizing: &information.regions,
        storage: tables.take(PageRegion.self, count: 2 * Self.regionCapacity))
    } catch {
      throw .memoryMap(error)
    }
    stopwatch.pause()
    console.write("memory map as sanitised:\n")
    map.write(to: &console)
    stopwatch.resume()

    let firmware: Loader.FirmwareTables<Memory>?
    do {
      firmware = try loader.findTables(
        notingThemIn: &information, in: memory, reportingTo: &console)
    } catch {
      throw .firmware(error)
    }
    let nodes = try Self.readNodes(of: map, firmware, tables: &tables, console: &console)
    var owners = unsafe OwnerTable(
      storage: tables.take(OwnedRange.self, count: Self.ownerCapacity))
    do {
      try Self.addOwners(to: &owners, information.heldRanges, in: memory)
    } catch {
      throw .bootPlan(error)
    }
    owners.reportModules(of: map, below: Paging.reach, reportingTo: &console)
    self.commandLine = commandLine
    self.parameters = parameters
    self.map = map
    self.nodes = nodes
    self.owners = owners
  }

  /// Reads what the firmware says of nodes; where that is too much, there is one.
  private static func readNodes<Memory: PhysicalMemoryReader>(
    of map: MemoryMap, _ firmware: Loader.FirmwareTables<Memory>?,
    tables: inout StaticMemory, console: inout Console
  ) throws(KernelError) -> NodeMap {
    var information = unsafe NodeInformation(
      affinities: MemoryAffinityList(
        storage: tables.take(MemoryAffinity.self, count: affinityCapacity)),
      domains: tables.take(UInt32.self, count: Kernel.nodeCapacity))
    do {
      if let firmware { try information.read(firmware, reportingTo: &console) }
    } catch {
      console.write("nodes: ")
      error.write(to: &console)
      console.write("; all memory is taken for one node\n")
    }
    do {
      let nodes = try NodeMap(assigning: map, to: &information.affinities)
      if nodes.conflictCount > 0 {
        console.write("nodes: the firmware contradicts itself in ")
        console.write(decimal: nodes.conflictCount.magnitude)
        console.write(" places; all memory is taken for one node\n")
      }
      return nodes
    } catch {
      throw .memoryMap(error)
    }
  }

  private static func addOwners(
    to owners: inout OwnerTable, _ heldRanges: borrowing OwnedRangeList,
    in memory: some PhysicalMemoryReader
  ) throws(BootPlanError) {
    // The more telling name comes first where ranges share a page.
    try owners.add(range(board_image_start(), board_boot_stack_guard()), .kernelImage)
    try owners.add(range(board_boot_stack_guard(), board_image_end()), .bootStack)
    try owners.add(contentsOf: heldRanges)
    owners.markNeededOnlyDuringBoot { isCopied($0) }
    try owners.addFirmwareAreas(in: memory)
    try owners.add(range(0, UInt(PageFrame.byteCount)), .firstPage)
  }

  /// Whether the kernel needs an owner's memory only until it has read it.
  private static func isCopied(_ owner: MemoryOwner) -> Bool {
    guard case .loader(let data) = owner else { return false }
    switch data {
    case .bootInformation, .memoryMap, .commandLine, .loaderName, .moduleList, .module,
      .moduleCommandLine:
      return true
    // Of symbols and devices the kernel knows no more than that they are there.
    case .symbols, .deviceInformation, .setupData, .kernelAndModules, .loaderReclaimable,
      .deviceTree, .crashHeader, .memoryReservation, .reservedMemory, .reusableMemory:
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
