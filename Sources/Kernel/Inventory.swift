#if hasFeature(Embedded)
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
  static let loaderRangeCapacity = 512
  /// All of those, a bitmap for each node, the kernel's own, and bad memory.
  static let ownerCapacity = 768
  static let commandLineCapacity = 4096
  static let affinityCapacity = 256

  let commandLine: CommandLine
  let parameters: MemoryParameters
  let map: MemoryMap
  let nodes: NodeMap
  var owners: OwnerTable

  /// Reads what the loader left, and prints the map as given and as sanitised.
  init(
    of loader: Loader, in memory: some PhysicalMemoryReader, tables: inout StaticMemory,
    stopwatch: inout Stopwatch, console: inout Console
  ) throws(KernelError) {
    let regions = unsafe tables.take(MemoryRegion.self, count: Self.regionCapacity)
    let loaderRanges = unsafe tables.take(LoaderRange.self, count: Self.loaderRangeCapacity)
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regions),
      loaderRanges: LoaderRangeList(storage: loaderRanges))
    try Self.read(&information, from: loader, in: memory, console: &console)
    let commandLine = unsafe CommandLine(
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
      applying: commandLine, to: &information.regions, reportingTo: &console)
    let map: MemoryMap
    do {
      // Twice the number of regions is always enough.
      map = unsafe try MemoryMap(
        sanitizing: &information.regions,
        storage: tables.take(MemoryRegion.self, count: 2 * Self.regionCapacity))
    } catch {
      throw .memoryMap(error)
    }
    stopwatch.pause()
    console.write("memory map as sanitised:\n")
    map.write(to: &console)
    stopwatch.resume()

    let nodes = try Self.readNodes(
      of: map, rootPointer: information.rootPointer, in: memory, tables: &tables,
      console: &console)
    var owners = unsafe OwnerTable(
      storage: tables.take(OwnedRange.self, count: Self.ownerCapacity))
    do {
      try Self.addOwners(to: &owners, information.loaderRanges, in: memory)
    } catch {
      throw .bootPlan(error)
    }
    var reports = FirstLines(on: console)
    ModuleCheck(map: map).report(owners, to: &reports)
    reports.end()
    console = reports.console
    self.commandLine = commandLine
    self.parameters = parameters
    self.map = map
    self.nodes = nodes
    self.owners = owners
  }

  /// Reads what the loader left, with the first of the reports about it.
  private static func read(
    _ information: inout BootInformation, from loader: Loader,
    in memory: some PhysicalMemoryReader, console: inout Console
  ) throws(KernelError) {
    console.write("loader: ")
    console.write(loader.name)
    console.write("\n")
    var reports = FirstLines(on: console)
    defer {
      reports.end()
      console = reports.console
    }
    do {
      try loader.read(&information, in: memory, reportingTo: &reports)
    } catch {
      throw .firmware(error)
    }
  }

  /// Reads what ACPI says of nodes; where that is too much, there is one.
  private static func readNodes(
    of map: MemoryMap, rootPointer: PhysicalAddress?, in memory: some PhysicalMemoryReader,
    tables: inout StaticMemory, console: inout Console
  ) throws(KernelError) -> NodeMap {
    var information = unsafe NodeInformation(
      affinities: MemoryAffinityList(
        storage: tables.take(MemoryAffinity.self, count: affinityCapacity)),
      domains: tables.take(UInt32.self, count: Kernel.nodeCapacity))
    var reports = FirstLines(on: console)
    defer {
      reports.end()
      console = reports.console
    }
    do {
      try information.read(rootPointer: rootPointer, in: memory, reportingTo: &reports)
    } catch {
      reports.write("nodes: ")
      error.write(to: &reports)
      reports.write(oneNode)
    }
    let storage = unsafe tables.take(NodePages.self, count: regionCapacity)
    do throws(MemoryMapError) {
      let nodes = unsafe try NodeMap(
        assigning: map, to: &information.affinities, storage: storage)
      if nodes.conflictCount > 0 {
        reports.write("nodes: the firmware contradicts itself in ")
        reports.write(decimal: nodes.conflictCount.magnitude)
        reports.write(" places\n")
      }
      let numberCount = numberCount(of: nodes)
      if numberCount <= Kernel.nodeCapacity { return nodes }
      reports.write("nodes: there is storage for ")
      reports.write(decimal: Kernel.nodeCapacity.magnitude)
      reports.write(", nodes and their parts need ")
      reports.write(decimal: numberCount.magnitude)
    } catch {
      reports.write("nodes: ")
      error.write(to: &reports)
    }
    reports.write(oneNode)
    information.affinities.removeAll()
    do {
      return unsafe try NodeMap(assigning: map, to: &information.affinities, storage: storage)
    } catch {
      throw .memoryMap(error)
    }
  }

  private static let oneNode: StaticString = "; all memory is taken for one node\n"

  /// How many of boot memory's nodes it takes: one for each of the firmware's, and one for each
  /// further stretch of a node whose memory lies on both sides of another one's.
  private static func numberCount(of nodes: NodeMap) -> Int {
    var stretchCount = 0
    for _ in nodes.stretches { stretchCount += 1 }
    var withMemoryCount = 0
    for number in 0..<nodes.nodeCount where nodes.usablePageCount(of: NodeID(number)) > 0 {
      withMemoryCount += 1
    }
    return nodes.nodeCount + stretchCount - withMemoryCount
  }

  private static func addOwners(
    to owners: inout OwnerTable, _ loaderRanges: borrowing LoaderRangeList,
    in memory: some PhysicalMemoryReader
  ) throws(BootPlanError) {
    // The more telling name comes first where ranges share a page.
    try owners.add(range(board_image_start(), board_boot_stack_guard()), .kernelImage)
    try owners.add(range(board_boot_stack_guard(), board_image_end()), .bootStack)
    for index in 0..<loaderRanges.count {
      try owners.add(loaderRanges[index].range, .loader(loaderRanges[index].owner))
    }
    try owners.addFirmwareAreas(in: memory)
    try owners.add(range(0, UInt(PageFrame.byteCount)), .firstPage)
  }

  private static func range(_ start: UInt, _ end: UInt) -> AddressRange {
    guard
      let range = AddressRange(
        start: PhysicalAddress(UInt64(start)), end: PhysicalAddress(UInt64(end)))
    else { fatalError("the linker script puts an end before its start") }
    return range
  }
}
#endif
