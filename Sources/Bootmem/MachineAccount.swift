// SPDX-License-Identifier: MIT

/// The account of a machine's memory before the first allocation.
///
/// It covers what memory there is, which part of it a kernel can use, who holds what, and which
/// node each page belongs to.
///
/// It is made by a single call from what the loader left.  All tables lie in a
/// ``/MemoryMap/TableStorage`` of the kernel, and the loader's memory is no longer needed, except
/// for the contents of modules.  The demonstration kernel, the examples and the tool `bootmem` all
/// make the same account.
///
/// ```swift
/// var account = try MachineAccount(
///   reading: loader, at: address, in: mapped, image: image, below: 0x10_0000, storage: &storage,
///   reportingTo: &console)
/// ```
public struct MachineAccount: ~Copyable {
  /// A copy of the kernel's command line.
  public let commandLine: KernelCommandLine

  /// Linux's parameters on the command line; those that change the map have been applied.
  public let parameters: MemoryParameters

  /// The sanitised memory map.
  public let map: MemoryMap

  /// Which node each usable page belongs to, and which memory is hot-pluggable.
  public var nodes: NodeMap

  /// Who holds what: the kernel, the loader's data, the firmware's data, and page 0, which is held
  /// so that no pointer to memory in use is ever nil.
  public var owners: OwnerTable

  /// The end of the kernel's reach.
  public let reach: PageFrame

  /// Reads what a loader left at `address`, and makes the account.
  ///
  /// Whatever can be done despite a defect is done, and the defect is reported as a line on `sink`.
  ///
  /// - Parameters:
  ///   - loader: The loader's protocol.
  ///   - address: Where the loader left its information.
  ///   - memory: The machine's memory.
  ///   - image: The kernel's own memory, these tables included; nil if the loader's map has it.
  ///   - bootStack: The stack on which the kernel runs, where it lies outside of the image.
  ///   - reach: The end of the memory that the kernel can use.
  ///   - capacity: The capacities of the tables.
  ///   - storage: Room for the tables, of ``Capacity/byteCount`` bytes.
  ///   - sink: Takes the reports.
  /// - Throws: An error if there is no readable memory map, or a table is too small: it tells which
  ///   one, and how large it must be; for the table of owners, only that it must be larger.
  /// - Complexity: O(n log n + m × (n + m)) for n regions and m ranges that are held.
  public init(
    reading loader: some BootProtocol, at address: PhysicalAddress,
    in memory: some PhysicalMemoryReader, image: AddressRange?, bootStack: AddressRange? = nil,
    below reach: PageFrame, capacity: Capacity = Capacity(), storage: inout TableStorage,
    reportingTo sink: inout some TextSink
  ) throws(BootError) {
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: storage.take(count: capacity.regions)),
      heldRanges: OwnedRangeList(storage: storage.take(count: capacity.heldRanges)))
    try BootStage.firmware(information.read(loader, at: address, in: memory, reportingTo: &sink))
    let commandLine = unsafe KernelCommandLine(
      copying: information.commandLine, in: memory,
      storage: storage.take(count: capacity.commandLineByteCount))
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(
        storage: storage.take(count: capacity.affinities),
        hotPluggable: storage.take(count: capacity.hotPluggableRanges)),
      domains: storage.take(count: capacity.nodes))
    try unsafe self.init(
      of: &information, commandLine: commandLine, nodes: &nodes, in: memory, image: image,
      bootStack: bootStack, below: reach, map: unsafe storage.take(count: capacity.mapRegions),
      owners: unsafe storage.take(count: capacity.owners),
      names: unsafe storage.take(count: capacity.nameByteCount), reportingTo: &sink)
  }

  /// Makes the account from information that has been read.
  ///
  /// This is for a kernel that examines the information first, and for maps that do not come from a
  /// loader.
  ///
  /// - Parameters:
  ///   - information: The information.  The command line is applied to its regions, which get
  ///     sorted, and ACPI's tables are added to its ranges.
  ///   - commandLine: The kernel's command line.
  ///   - nodes: Receives the nodes; if it has some already, the firmware's are not read.  Its
  ///     storage must stay valid and unmodified as long as the account is used.
  ///   - memory: The machine's memory.
  ///   - image: The kernel's own memory, these tables included; nil if it is in `information`.
  ///   - bootStack: The stack on which the kernel runs, where it lies outside of the image.
  ///   - reach: The end of the memory that the kernel can use.
  ///   - mapStorage: Room for the sanitised map; twice the number of regions is always enough.
  ///   - ownerStorage: Room for the table of owners.
  ///   - nameStorage: Room for the names of reservations that a device tree asks for without an
  ///     address.
  ///   - sink: Takes the reports.
  /// - Throws: An error if a table is too small: it tells which one, and how large it must be; for
  ///   the table of owners, only that it must be larger.
  /// - Complexity: O(n log n + m × (n + m)) for n regions and m ranges that are held.
  public init(
    of information: inout BootInformation, commandLine: KernelCommandLine,
    nodes: inout NodeInformation, in memory: some PhysicalMemoryReader, image: AddressRange? = nil,
    bootStack: AddressRange? = nil, below reach: PageFrame,
    map mapStorage: UnsafeMutableBufferPointer<PageRegion>,
    owners ownerStorage: UnsafeMutableBufferPointer<OwnedRange>,
    names nameStorage: UnsafeMutableBufferPointer<UInt8> = unsafe .init(start: nil, count: 0),
    reportingTo sink: inout some TextSink
  ) throws(BootError) {
    if commandLine.isCut {
      sink.write("command line: longer than the ")
      sink.write(decimal: commandLine.count.magnitude)
      sink.write(" bytes that there is room for; the rest is ignored\n")
    }
    let parameters = MemoryParameters(
      applying: commandLine, to: &information.regions,
      limitMeaning: information.memoryLimitMeaning, reportingTo: &sink)
    var map = try unsafe BootStage.memoryMap(
      MemoryMap(sanitizing: &information.regions, storage: mapStorage))
    try BootStage.firmware(
      information.readBoard(nodesInto: &nodes, in: memory, reportingTo: &sink))
    var owners = unsafe OwnerTable(storage: ownerStorage)
    try BootStage.bootPlan(
      owners.addHolders(of: information, in: memory, image: image, bootStack: bootStack))
    var placing = unsafe ReservationPlacing(names: nameStorage)
    if try placing.place(
      &information, in: memory, of: map, owners: &owners, reportingTo: &sink)
    {
      // Some of the placed memory must not be mapped, and is no longer usable.
      map = try unsafe BootStage.memoryMap(
        MemoryMap(sanitizing: &information.regions, storage: mapStorage))
    }
    let nodeMap = try BootStage.memoryMap(NodeMap(assigning: map, to: &nodes.affinities))
    if nodeMap.conflictCount > 0 {
      sink.write("firmware: nodes contradict one another in ")
      sink.write(decimal: nodeMap.conflictCount.magnitude)
      sink.write(" places; all memory is taken for one node\n")
    }
    owners.reportModules(of: map, below: reach, reportingTo: &sink)
    self.commandLine = commandLine
    self.parameters = parameters
    self.map = map
    self.nodes = nodeMap
    self.owners = owners
    self.reach = reach
  }
}

extension MachineAccount {
  /// The range found for the reservation that a device tree asks for under this name without an
  /// address; nil if it asks for none, or if there was no room.
  ///
  /// - Complexity: O(n) in the number of ranges that are held.
  public borrowing func placedRange(named name: StaticString) -> AddressRange? {
    let name = MemoryName(name)
    for index in 0..<owners.count {
      if case .loader(.placedMemory(name, _)) = owners[index].owner { return owners[index].range }
    }
    return nil
  }
}

extension OwnerTable {
  /// Adds all owners of memory at the time the kernel is entered.
  ///
  /// Where ranges share a page, the more specific owner is added first.
  fileprivate mutating func addHolders(
    of information: borrowing BootInformation, in memory: some PhysicalMemoryReader,
    image: AddressRange?, bootStack: AddressRange?
  ) throws(BootPlanError) {
    if let image { try add(image, .kernelImage) }
    if let bootStack { try add(bootStack, .bootStack) }
    try add(contentsOf: information.heldRanges)
    if information.board == .pc {
      try add(BIOSDataArea.range, .biosData)
      if let range = BIOSDataArea(in: memory).extendedArea { try add(range, .extendedBIOSData) }
    }
    try add(PageRange(0..<1), .firstPage)
  }
}
