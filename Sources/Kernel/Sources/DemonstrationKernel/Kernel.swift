// SPDX-License-Identifier: MIT
import Board
import BootMemory
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// Prints a line of `bootmem_debug`, or of the ledger's debug mode.
private func writeOperation(
  context: UnsafeMutableRawPointer?, text: UnsafePointer<UInt8>?, byteCount: UInt
) {
  var port = SerialPort()
  let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
  for index in 0..<bytes.count { unsafe port.write(byte: bytes[index]) }
}

/// The kernel: it sets boot memory up, shows it at work and hands it over.
///
/// What differs between machines lies in folders: `Machine-x86`; `Machine-devicetree` with what the
/// machines with a device tree share, and `Machine-aarch64` and `Machine-riscv64` with the entries of
/// page tables and the causes of traps; besides, `boot/` has a folder for each. There is where the
/// kernel is entered, who loaded it (``Loader``), where it writes (``Console``, ``MapScreen``), how
/// memory is mapped (``Paging``), what the firmware keeps (`addFirmwareAreas`), and how a run ends
/// (``DeliberateTrap``, `kernel_trap`, ``Outcome``).
struct Kernel {
  /// Linux's default for x86.
  static let nodeCapacity = 64

  /// Who loaded the kernel.
  let loader: Loader

  /// Where page 0 can be read.
  let firstPageAddress: UInt

  /// Runs to the end, and ends the machine's run.
  func main<Heap: HeapUse & ~Copyable>(
    stopwatch: consuming Stopwatch, console: consuming Console, heap: Heap.Type
  ) -> Never {
    console.write("swift-bootmem on ")
    console.write(Paging.processorName)
    console.write("\n")
    do {
      try run(stopwatch: stopwatch, console: &console, heap: heap)
    } catch {
      // A trace that was begun stays without its end: it is not whole.
      unsafe SerialPort.writesComments = false
      SerialPort.setUpForFailure()
      console.endLine()
      console.write("error: ")
      error.write(to: &console)
      console.write("\n")
      Outcome.failure.exit()
    }
    console.write("ok\n")
    Outcome.success.exit()
  }

  /// Does all that there is to do, up to the summary.
  private func run<Heap: HeapUse & ~Copyable>(
    stopwatch: consuming Stopwatch, console: inout Console, heap: Heap.Type
  ) throws(KernelError) {
    var tables = StaticMemory()
    var inventory = try Inventory(
      of: loader, in: firmwareMemory(below: Paging.firmwareEnd), tables: &tables,
      stopwatch: &stopwatch, console: &console)
    if let word = inventory.commandLine.value(behind: "trap=") {
      try trap(on: word, console: &console)
    }
    var memory = try setUpMemory(
      for: &inventory, tables: &tables, stopwatch: &stopwatch, console: &console)
    try show(&memory, &inventory, console: &console)
    if let word = inventory.commandLine.value(behind: "debug=") {
      try MemoryDebugging(word)?.run(on: &memory, owners: &inventory.owners, console: &console)
    }
    ModuleSums(memory: firmwareMemory(below: Paging.reach), map: inventory.map)
      .write(inventory.owners, to: &console)
    if inventory.commandLine.contains("pages") {
      return try PageDemonstration.run(
        on: &memory, map: inventory.map, owners: &inventory.owners, console: &console)
    }
    if inventory.commandLine.contains("heap") {
      return try heap.run(on: &memory, console: &console)
    }
    let summary = try handOver(
      &memory, map: inventory.map, nodeCount: inventory.nodes.nodeCount, console: &console)
    try AfterHandOver.run(
      on: &memory, map: inventory.map, owners: &inventory.owners, console: &console)
    memory.endRecording()
    unsafe SerialPort.writesComments = false
    stopwatch.write(to: &console)
    summary.write(to: &console)
  }

  /// From the inventory to the first allocation.
  private func setUpMemory(
    for inventory: inout Inventory, tables: inout StaticMemory, stopwatch: inout Stopwatch,
    console: inout Console
  ) throws(KernelError) -> RecordedMemory {
    let nodes = unsafe tables.take(BootMemoryNode.self, count: Self.nodeCapacity)
    stopwatch.startMapping()
    let coarseCount = unsafe try Paging.mapUsableMemory(
      of: inventory.map, devices: Console.devicePages, node: nodes, owners: &inventory.owners)
    stopwatch.endMapping()
    stopwatch.pause()
    if coarseCount > 0 {
      console.write("page tables: too few to protect what is not usable in ")
      console.write(decimal: coarseCount)
      console.write(" large pages\n")
    }
    reportBeyondReach(inventory.map, console: &console)
    stopwatch.resume()

    var platform = BootMemoryPlatform()
    if inventory.parameters.printsOperations { unsafe platform.debug = writeOperation }
    var memory = unsafe RecordedMemory(
      BootMemory(platform: platform, nodes: nodes), sink: TracePort())
    if inventory.commandLine.contains("bootmem_record") { memory.startRecording() }
    if inventory.commandLine.value(behind: "debug=") != nil {
      unsafe inventory.owners.startChecking(
        freedRanges: tables.take(OwnedRange.self, count: MemoryDebugging.freedCapacity),
        write: writeOperation)
    }
    do {
      inventory.nodes = try memory.setUpNodes(
        inventory.nodes, below: Paging.reach, owners: &inventory.owners, reportingTo: &console)
    } catch {
      throw .bootPlan(error)
    }
    try MemoryCheck(passCount: inventory.parameters.memoryTestPassCount).run(
      on: &memory, owners: &inventory.owners, console: &console)
    let first: PhysicalAddress
    let request = AllocationRequest.cacheLines(byteCount: 64)
    do { first = try memory.allocate(request) } catch {
      throw .bootMemory(error)
    }
    stopwatch.noteFirstAllocation()

    console.write("held before the first allocation:\n")
    inventory.owners.write(to: &console)
    inventory.owners.note(
      OwnedRange(
        range: AddressRange(start: first, clampingByteCount: request.byteCount),
        owner: "first allocation", isAllocated: true))
    console.write("first allocation: 0x")
    console.write(hexadecimal: first.rawValue, minimumDigitCount: 8)
    console.write("\n")
    return memory
  }

  /// Boot memory at work.
  private func show(
    _ memory: inout RecordedMemory, _ inventory: inout Inventory, console: inout Console
  ) throws(KernelError) {
    let end = min(inventory.map.usableEnd, Paging.reach)
    let screen = MapScreen(of: inventory.map, end: end)
    screen.draw(memory.base, inventory.owners, on: &console)
    try Demonstration(node: firstNode(of: memory), screen: screen).run(
      on: &memory, owners: &inventory.owners, console: &console)
    if inventory.nodes.nodeCount > 1 {
      try NodeDemonstration(nodes: inventory.nodes).run(
        on: &memory, owners: &inventory.owners, console: &console)
    }
    console.write("memory before the hand-over:\n")
    MapDrawing(end: end, maximumStretchCount: 512).write(
      inventory.map, memory.base, inventory.owners, to: &console)
    console.write("held before the hand-over:\n")
    inventory.owners.writeReport(to: &console)
  }

  /// The first node that has memory.
  private func firstNode(of memory: borrowing RecordedMemory) -> NodeID {
    for number in 0..<memory.nodeCapacity where memory.node(NodeID(number))?.isRegistered ?? false {
      return NodeID(number)
    }
    // Without memory boot memory is not set up.
    return NodeID(0)
  }

  /// Memory as the kernel reads it; what of it is above ``Paging/firmwareEnd`` once it is mapped, and
  /// where it is usable.
  private func firmwareMemory(below end: PageFrame) -> FirmwareMemory {
    FirmwareMemory(below: end, firstPageAddress: firstPageAddress)
  }

  /// Hands the memory over and returns the figures, if they agree.
  private func handOver(
    _ memory: inout RecordedMemory, map: MemoryMap, nodeCount: Int, console: inout Console
  ) throws(KernelError) -> Summary {
    let limit = Paging.reach
    var summary = Summary(nodeCount: UInt64(nodeCount))
    summary.usable = map.usablePageCount(below: limit)
    var ranges = map.usablePages(below: limit)
    while let pages = ranges.next() {
      summary.free += memory.base.freePageCount(in: pages)
      summary.reserved += memory.base.reservedPageCount(in: pages)
    }
    var bitmapPageCount: UInt64 = 0
    for number in 0..<memory.nodeCapacity {
      guard let node = memory.node(NodeID(number)), node.isRegistered else { continue }
      bitmapPageCount += node.bitmapPages.pageCount
    }
    memory.recordCheckpoint()
    let handOver = try HandOver(of: &memory)
    console.write("handed over:\n")
    handOver.write(to: &console)
    summary.released = handOver.pageCount
    guard summary.reserved + summary.free == summary.usable else {
      throw .broken("reserved and free pages are not all usable ones")
    }
    guard summary.released == summary.free + bitmapPageCount else {
      throw .broken("the pages released are not the free ones and the bitmaps")
    }
    return summary
  }

  private func reportBeyondReach(_ map: MemoryMap, console: inout Console) {
    let pageCount = map.usablePageCount(beyond: Paging.reach)
    guard pageCount > 0 else { return }
    console.write("beyond the reach of this processor: ")
    console.write(decimal: pageCount)
    console.write(" usable pages, ")
    console.write(byteCount: pageCount * PageFrame.byteCount)
    console.write("\n")
  }

  private func trap(
    on word: CommandLineWord, console: inout Console
  ) throws(KernelError) {
    guard let trap = DeliberateTrap(word) else {
      console.write("trap=")
      word.write(to: &console)
      console.write(": unknown, ignored\n")
      return
    }
    trap.spring(in: &console)
    throw .broken("the processor let pass what should have trapped")
  }
}
