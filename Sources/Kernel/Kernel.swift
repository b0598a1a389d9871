#if hasFeature(Embedded)
import Board
import BootMemory
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// Prints a line of `bootmem_debug`.
private func writeOperation(
  context: UnsafeMutableRawPointer?, text: UnsafePointer<UInt8>?, byteCount: UInt
) {
  var port = SerialPort()
  let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
  for index in 0..<bytes.count { unsafe port.write(byte: bytes[index]) }
}

/// The kernel: it sets boot memory up, shows it at work and hands it over.
struct Kernel {
  /// Linux's default for x86.
  static let nodeCapacity = 64

  /// Does all that there is to do, up to the summary.
  ///
  /// - Parameters:
  ///   - stopwatch: Counts from the entry on.
  ///   - loaderMagic: What the loader left in EAX, or the entry code for it.
  ///   - informationAddress: What it left in EBX.
  ///   - firmwareMemory: The first 4 GiB.
  func run(
    stopwatch: consuming Stopwatch, loaderMagic: UInt32, informationAddress: UInt32,
    in firmwareMemory: some PhysicalMemoryReader, console: inout Console
  ) throws(KernelError) {
    var tables = StaticMemory()
    var inventory = try Inventory(
      loaderMagic: loaderMagic, informationAddress: informationAddress, in: firmwareMemory,
      tables: &tables, stopwatch: &stopwatch, console: &console)
    Paging.protectLowMemory(tables: &tables)
    if let word = inventory.commandLine.value(behind: "trap=") {
      try trap(on: word, console: &console)
    }
    var memory = try setUpMemory(
      for: &inventory, tables: &tables, stopwatch: &stopwatch, console: &console)
    try show(&memory, inventory, console: &console)
    ModuleSums.write(inventory.owners, in: firmwareMemory, to: &console)
    let summary = try handOver(
      &memory, map: inventory.map, nodeCount: inventory.nodes.nodeCount, console: &console)
    try AfterHandOver.run(on: &memory, owners: inventory.owners, console: &console)
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
    #if !arch(i386)
    unsafe try Paging.mapUsableMemory(of: inventory.map, node: nodes, owners: &inventory.owners)
    #endif
    stopwatch.endMapping()
    stopwatch.pause()
    reportBeyondReach(inventory.map, console: &console)
    stopwatch.resume()

    var platform = BootMemoryPlatform()
    if inventory.parameters.printsOperations { unsafe platform.debug = writeOperation }
    var memory = unsafe RecordedMemory(
      BootMemory(platform: platform, nodes: nodes), sink: TracePort())
    if inventory.commandLine.contains("bootmem_record") { memory.startRecording() }
    do {
      try memory.setUpNodes(
        inventory.nodes, of: inventory.map, below: Paging.reach, owners: &inventory.owners)
    } catch {
      throw .bootPlan(error)
    }
    try MemoryCheck(passCount: inventory.parameters.memoryTestPassCount).run(
      on: &memory, owners: &inventory.owners, console: &console)
    let first: PhysicalAddress
    do { first = try memory.allocate(.cacheLines(byteCount: 64)) } catch {
      throw .bootMemory(error)
    }
    stopwatch.noteFirstAllocation()

    console.write("held before the first allocation:\n")
    inventory.owners.write(to: &console)
    console.write("first allocation: 0x")
    console.write(hexadecimal: first.rawValue, minimumDigitCount: 8)
    console.write("\n")
    return memory
  }

  /// Boot memory at work.
  private func show(
    _ memory: inout RecordedMemory, _ inventory: borrowing Inventory, console: inout Console
  ) throws(KernelError) {
    let end = min(inventory.map.usableEnd, Paging.reach)
    let screen = MapScreen(of: inventory.map, end: end)
    screen.draw(memory.base, inventory.owners, on: &console.screen)
    try Demonstration(node: NodeID(0), screen: screen).run(
      on: &memory, owners: inventory.owners, console: &console)
    if inventory.nodes.nodeCount > 1 {
      try NodeDemonstration(nodes: inventory.nodes).run(on: &memory, console: &console)
    }
    console.write("memory before the hand-over:\n")
    MapDrawing(end: end, maximumStretchCount: 512).write(
      inventory.map, memory.base, inventory.owners, to: &console)
  }

  /// Hands the memory over and returns the figures, if they agree.
  private func handOver(
    _ memory: inout RecordedMemory, map: MemoryMap, nodeCount: Int, console: inout Console
  ) throws(KernelError) -> Summary {
    let limit = Paging.reach
    var summary = Summary(nodeCount: UInt64(nodeCount))
    summary.usable = map.usablePageCount(below: limit)
    for pages in map.usablePages(below: limit) {
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
#endif
