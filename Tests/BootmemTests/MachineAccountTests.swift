// SPDX-License-Identifier: MIT
import Bootmem
import TestSupport
import Testing

/// From what a loader left to the account of the machine, and to boot memory by it.
@Suite(.onPagesOf4KiB) struct MachineAccountTests {
  @Test func reading_namesWhoHoldsWhat() {
    var machine = AccountedMachine()
    machine.setCommandLine("words")
    machine.setModule(0x20_0000..<0x20_1000)
    // The extended BIOS data area, of a KiB.
    machine.put(UInt16(0x9fc0), at: 0x40e)
    machine.put(UInt8(1), at: 0x9_fc00)
    let result = machine.account()
    #expect(result.error == nil)
    #expect(result.notes == "")
    #expect(
      result.held == """
          0000000000100000-000000000013ffff kernel image
          0000000000140000-0000000000143fff boot stack
          0000000000009000-0000000000009073 boot information
          0000000000009100-000000000000912f memory map
          0000000000009800-0000000000009805 command line
          0000000000009400-000000000000940f module list
          0000000000200000-0000000000200fff module 0
          0000000000000400-00000000000004ff BIOS data area
          000000000009fc00-000000000009ffff extended BIOS data area
          0000000000000000-0000000000000fff page 0
          0000000000201000-0000000000201fff bitmap of node 0

        """)
    // Page 0, the loader's page, image, stack, module and bitmap; the area is in no usable page.
    #expect(result.usablePageCount == 0x9f + 0xf00)
    #expect(result.reservedPageCount == 1 + 1 + 0x40 + 4 + 1 + 1)
    #expect(result.freePageCount == result.usablePageCount - result.reservedPageCount)
  }

  @Test func reading_appliesTheCommandLine() {
    var machine = AccountedMachine()
    machine.setCommandLine("ro mem=8M memmap=1M$4M memtest=3")
    let result = machine.account()
    #expect(result.notes == "")
    #expect(result.usablePageCount == 0x9f + 0x700 - 0x100)
    #expect(result.memoryTestPassCount == 3)
  }

  @Test func reading_wrongParameter_isReportedAndIgnored() {
    var machine = AccountedMachine()
    machine.setCommandLine("mem=fish")
    let result = machine.account()
    #expect(result.notes == "command line: mem=fish: is not a size; ignored\n")
    #expect(result.usablePageCount == 0x9f + 0xf00)
  }

  @Test func reading_commandLineLongerThanCapacity_isCutWithAReport() {
    var machine = AccountedMachine()
    machine.setCommandLine("mem=8M mem=4M")
    machine.capacity.commandLineByteCount = 7
    let result = machine.account()
    #expect(
      result.notes == "command line: longer than the 7 bytes that there is room for; the rest is "
        + "ignored\n")
    #expect(result.usablePageCount == 0x9f + 0x700)
  }

  @Test func reading_moduleOutsideOfUsableMemory_isReported() {
    var machine = AccountedMachine(usable: [0..<0x20_0800, 0x20_2000..<0x100_0000])
    machine.setModule(0x20_0000..<0x20_3000)
    let result = machine.account()
    #expect(
      result.notes == "loader: 0000000000200000-0000000000202fff module 0: lies not in usable "
        + "memory within reach as a whole\n")
  }

  @Test func reading_moduleBeyondTheReach_isReported() {
    var machine = AccountedMachine()
    machine.reach = 0x400
    machine.setModule(0x40_0000..<0x40_1000)
    #expect(machine.account().notes.contains("module 0: lies not in usable memory within reach"))
  }

  @Test func reading_moduleOverTheKernel_isReported() {
    var machine = AccountedMachine()
    machine.setModule(0x10_0000..<0x10_1000)
    #expect(
      machine.account().notes == "loader: 0000000000100000-0000000000100fff module 0: overlaps "
        + "0000000000100000-000000000013ffff kernel image\n")
  }

  @Test func reading_ACPITablesInUsableMemory_areHeldAndTellOfNodes() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x80_0000, 0x80_0000..<0x100_0000])
    let result = machine.account()
    #expect(result.error == nil)
    #expect(result.notes == "")
    #expect(result.held.contains("  0000000000300000-0000000000300027 ACPI tables\n"))
    #expect(result.held.contains("  0000000000301000-000000000030107f ACPI tables\n"))
    #expect(result.nodeCount == 2)
    #expect(result.nodes.contains("  node 1 000000800-000000fff 8 MiB\n"))
  }

  /// What the command line takes away is handed out by nobody, and need not be held.
  @Test func reading_ACPITables_areLookedForInTheMapAsTheCommandLineHasIt() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x100_0000])
    machine.setCommandLine("mem=3M")
    #expect(!machine.account().held.contains("ACPI tables"))
  }

  @Test func reading_nodesThatContradict_areReported() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x90_0000, 0x80_0000..<0x100_0000])
    let result = machine.account()
    #expect(
      result.notes == "firmware: nodes contradict one another in 1 places; "
        + "all memory is taken for one node\n")
    #expect(result.nodes.hasSuffix("  node 0 000000100-000000fff 15 MiB\n"))
    #expect(result.nodeCount == 1)
  }

  @Test func reading_moreNodesThanCapacity_isOneNodeWithAReport() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x80_0000, 0x80_0000..<0x100_0000])
    machine.capacity.nodes = 1
    let result = machine.account()
    #expect(result.error == nil)
    #expect(result.nodeCount == 1)
    #expect(
      result.notes
        == "firmware: more than 1 nodes: there is no room for them; room for 2 is enough; all "
        + "memory is taken for one node\n")
    machine.capacity.nodes = 2
    machine.capacity.affinities = 1
    #expect(
      machine.account().notes == "firmware: list of memory affinities is full: it holds 1, needs "
        + "to hold 2; all memory is taken for one node\n")
  }

  @Test func setUpNodes_hotPluggableNode_itsBitmapLiesInAnotherOne() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x80_0000, 0x80_0000..<0x100_0000], firstHotPluggable: 1)
    let result = machine.account()
    #expect(result.notes == "")
    #expect(result.hotPluggable == "  0000000000800000-0000000000ffffff 8 MiB\n")
    #expect(result.held.contains("  0000000000302000-0000000000302fff bitmap of node 0\n"))
    #expect(result.held.contains("  0000000000303000-0000000000303fff bitmap of node 1\n"))
  }

  @Test func reading_tooManyHotPluggableRanges_isOneNodeAndReported() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x80_0000, 0x80_0000..<0x100_0000], firstHotPluggable: 0)
    machine.capacity.hotPluggableRanges = 1
    let result = machine.account()
    #expect(result.nodeCount == 1)
    #expect(
      result.notes == "firmware: list of hot-pluggable memory is full: it holds 1, needs to hold "
        + "2; all memory is taken for one node\n")
  }

  @Test func setUpNodes_moreThanStorage_isOneNodeInTheAccountToo() {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x80_0000, 0x80_0000..<0x100_0000])
    let result = machine.account(nodeCapacity: 1)
    #expect(result.nodeCount == 1)
    #expect(result.notes.contains("nodes: there is storage for 1, nodes and their parts need 2"))
  }

  @Test(arguments: [
    (
      \MachineAccount.Capacity.regions, 1,
      "list of memory regions is full: it holds 1, needs to hold 2"
    ),
    (\.heldRanges, 2, "list of held ranges is full: it holds 2, needs to hold 3"),
    (\.owners, 5, "table of owners is full: it holds 5 ranges and has to hold more"),
  ])
  func reading_tableTooSmall_isAnErrorThatNamesIt(
    table: WritableKeyPath<MachineAccount.Capacity, Int> & Sendable, count: Int, message: String
  ) {
    var machine = AccountedMachine()
    machine.setCommandLine("words")
    machine.capacity[keyPath: table] = count
    #expect(machine.account().error == message)
  }

  /// The article on building a kernel says so.
  @Test func capacity_ofAnOrdinaryMachine_takesLessThan32KiB() {
    #expect(MachineAccount.Capacity().byteCount < 32 << 10)
  }

  @Test func making_nodesThatAreKnown_firmwareIsNotAsked() throws {
    var machine = AccountedMachine()
    machine.setNodes([0..<0x80_0000, 0x80_0000..<0x100_0000])
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 4)
    let map = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 8)
    let held = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 16)
    let affinities = UnsafeMutableBufferPointer<MemoryAffinity>.allocate(capacity: 4)
    let hotPluggable = UnsafeMutableBufferPointer<AddressRange>.allocate(capacity: 4)
    let domains = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 4)
    let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 0)
    defer {
      unsafe regions.deallocate()
      unsafe map.deallocate()
      unsafe held.deallocate()
      unsafe affinities.deallocate()
      unsafe hotPluggable.deallocate()
      unsafe domains.deallocate()
      unsafe text.deallocate()
    }
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regions),
      heldRanges: OwnedRangeList(storage: UnsafeMutableBufferPointer(rebasing: held[..<8])))
    information.board = .pc
    information.regions.append(start: 0, byteCount: 0x100_0000, kind: .usable)
    var nodes = unsafe NodeInformation(
      affinities: MemoryAffinityList(storage: affinities, hotPluggable: hotPluggable),
      domains: domains)
    for node in 0..<3 { nodes.affinities.includeNode(NodeID(node)) }
    var sink = PrintedText()
    let account = try unsafe MachineAccount(
      of: &information,
      commandLine: KernelCommandLine(copying: nil, in: machine, storage: text), nodes: &nodes,
      in: machine, below: 0x1000, map: map,
      owners: UnsafeMutableBufferPointer(rebasing: held[8...]), reportingTo: &sink)
    #expect(account.nodes.nodeCount == 3)
    // Its tables are held all the same.
    #expect(account.owners.owner(of: 0x300) == .acpiTables)
  }
}
