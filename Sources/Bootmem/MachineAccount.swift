// SPDX-License-Identifier: MIT

/// The account of a machine's memory before the first allocation: what there is, what of it a
/// kernel can use, who holds what, and which node each page belongs to.
///
/// It is made by one function from what the loader left.  All tables lie in a
/// ``/MemoryMap/TableStorage`` of the kernel's; the loader's memory is not needed any more, except
/// for the contents of modules. It is the account that the demonstration kernel, the examples
/// and the tool `bootmem` make, too.
///
/// ```swift
/// var account = try MachineAccount(
///   reading: loader, at: address, in: mapped, image: image, below: 0x10_0000, storage: &storage,
///   reportingTo: &console)
/// ```
public struct MachineAccount: ~Copyable {
  /// A copy of the kernel's command line.
  public let commandLine: KernelCommandLine

  /// Linux's parameters on it; those that change the map have been applied.
  public let parameters: MemoryParameters

  /// What the memory is good for, as sanitised.
  public let map: MemoryMap

  /// Which node each usable page belongs to, and which memory is hot-pluggable.
  public var nodes: NodeMap

  /// Who holds what: the kernel, what the loader left, the firmware's data, and page 0, which is
  /// kept so that no pointer to memory in use is ever nil.
  public var owners: OwnerTable

  /// The end of the kernel's reach.
  public let reach: PageFrame

  /// Reads what a loader left at `address`, and makes the account.
  ///
  /// Whatever can be done in spite of a defect is done, and the defect reported as a line on
  /// `sink`.
  ///
  /// - Parameters:
  ///   - loader: The loader's protocol.
  ///   - address: Where it left its information.
  ///   - memory: The machine's memory.
  ///   - image: The kernel's own memory, these tables included; nil where the loader's map has it.
  ///   - bootStack: The stack on which the kernel runs, where it lies outside of the image.
  ///   - reach: The end of the memory that the kernel can use.
  ///   - capacity: How large the tables are.
  ///   - storage: Room for them, of ``Capacity/byteCount`` bytes.
  ///   - sink: Takes the reports.
  /// - Throws: An error where there is no memory map to be had, or a table is too small: it says
  ///   which one, and how large it has to be; of that of the owners only that it must be larger.
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

  /// Makes the account of what has been read: for a kernel that looks at it before, and for maps
  /// that do not come from a loader.
  ///
  /// - Parameters:
  ///   - information: What was read.  The command line is applied to its regions, which get sorted,
  ///     and the tables of ACPI are added to its ranges.
  ///   - commandLine: The kernel's command line.
  ///   - nodes: Takes the nodes; if it has some already, the firmware is not asked.  Its storage
  ///     must stay valid and untouched as long as the account is used.
  ///   - memory: The machine's memory.
  ///   - image: The kernel's own memory, these tables included; nil where it is in `information`.
  ///   - bootStack: The stack on which the kernel runs, where it lies outside of the image.
  ///   - reach: The end of the memory that the kernel can use.
  ///   - mapStorage: Room for the sanitised map; twice the number of regions is always enough.
  ///   - ownerStorage: Room for those who hold memory.
  ///   - nameStorage: Room for the names of what a device tree asks for without saying where.
  ///   - sink: Takes the reports.
  /// - Throws: An error where a table is too small: it says which one, and how large it has to be;
  ///   of that of the owners only that it must be larger.
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
      // Some of it must not be mapped, and is no usable memory any more.
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
  /// Where memory was found for what a device tree asks for under this name without saying where;
  /// nil if it asks for no such thing, or there was no room.
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
  /// Adds all who hold memory when the kernel is entered.
  ///
  /// The more telling name comes first where ranges share a page.
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
