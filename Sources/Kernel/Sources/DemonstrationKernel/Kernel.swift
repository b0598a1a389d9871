// SPDX-License-Identifier: MIT
import Board
import BootMemory
import BootPlan
import Bootmem
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
/// page tables and the causes of traps; besides, `boot/` has a folder for each. They decide where the
/// kernel is entered, who loaded it (``Loader``), where it writes (``Console``, ``MapScreen``), how
/// memory is mapped (``Paging``), and how a run ends (``DeliberateTrap``, `kernel_trap`, ``Outcome``).
struct Kernel {
  /// Linux's default for x86.
  static let nodeCapacity = 64

  /// Who loaded the kernel.
  let loader: Loader

  /// Where page 0 can be read.
  let firstPageAddress: UInt

  /// Runs the kernel to its end, and then ends the machine's run.
  func main(
    stopwatch: consuming Stopwatch, console: consuming Console, heap: HeapUse
  ) -> Never {
    console.write("swift-bootmem on ")
    console.write(Paging.processorName)
    console.write("\n")
    do {
      try run(stopwatch: stopwatch, console: &console, heap: heap)
    } catch {
      // A trace that was begun is left without its end, as it is not complete.
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

  /// Does everything up to the summary.
  private func run(
    stopwatch: consuming Stopwatch, console: inout Console, heap: HeapUse
  ) throws(KernelError) {
    var tables = Self.tables()
    var account: MachineAccount
    do {
      account = try MachineAccount(
        of: loader, in: firmwareMemory(below: Paging.firmwareEnd), tables: &tables,
        stopwatch: &stopwatch, console: &console)
    } catch {
      throw .boot(error)
    }
    if let word = account.commandLine.value(behind: "trap=") {
      try trap(on: word, console: &console)
    }
    var memory = try setUpMemory(
      for: &account, tables: &tables, stopwatch: &stopwatch, console: &console)
    try show(&memory, &account, console: &console)
    if let word = account.commandLine.value(behind: "debug=") {
      try MemoryDebugging(word)?.run(on: &memory, owners: &account.owners, console: &console)
    }
    ModuleSums(memory: firmwareMemory(below: Paging.reach), map: account.map)
      .write(account.owners, to: &console)
    if account.commandLine.contains("pages") {
      return try PageDemonstration.run(
        on: &memory, map: account.map, owners: &account.owners, console: &console)
    }
    if let word = account.commandLine.value(behind: "caches=") {
      return try CacheDemonstration.run(on: &memory, processors: word, console: &console)
    }
    if account.commandLine.contains("heap") {
      return try heap(&memory, &console)
    }
    let summary = try handOver(&memory, of: account, console: &console)
    try AfterHandOver.run(
      on: &memory, map: account.map, owners: &account.owners, console: &console)
    memory.endRecording()
    unsafe SerialPort.writesComments = false
    stopwatch.write(to: &console)
    console.write("summary: ")
    summary.before.write(to: &console)
    console.write(" released=")
    console.write(decimal: summary.released)
    console.write("\n")
  }

  /// Sets memory up, from the account of the machine to the first allocation.
  private func setUpMemory(
    for account: inout MachineAccount, tables: inout TableStorage, stopwatch: inout Stopwatch,
    console: inout Console
  ) throws(KernelError) -> RecordedMemory {
    let nodes = unsafe tables.take(BootMemoryNode.self, count: Self.nodeCapacity)
    stopwatch.startMapping()
    let coarseCount = unsafe try Paging.mapUsableMemory(
      of: account.map, devices: Console.devicePages, node: nodes, owners: &account.owners)
    stopwatch.endMapping()
    stopwatch.pause()
    if coarseCount > 0 {
      console.write("page tables: too few to protect what is not usable in ")
      console.write(decimal: coarseCount)
      console.write(" large pages\n")
    }
    reportBeyondReach(account.map, console: &console)
    stopwatch.resume()

    var platform = BootMemoryPlatform()
    if account.parameters.printsOperations { unsafe platform.debug = writeOperation }
    var memory = unsafe RecordedMemory(
      BootMemory(platform: platform, nodes: nodes), sink: TracePort())
    if account.commandLine.contains("bootmem_record") { memory.startRecording() }
    if account.commandLine.value(behind: "debug=") != nil {
      unsafe account.owners.startChecking(
        freedRanges: tables.take(OwnedRange.self, count: MemoryDebugging.freedCapacity),
        write: writeOperation)
    }
    do { try memory.setUpNodes(of: &account, reportingTo: &console) } catch {
      throw .boot(error)
    }
    try MemoryCheck(passCount: account.parameters.memoryTestPassCount).run(
      on: &memory, owners: &account.owners, console: &console)
    stopwatch.pause()
    let summary = try Summary(of: memory.base, account)
    stopwatch.resume()
    let first: PhysicalAddress
    let request = AllocationRequest.cacheLines(byteCount: 64)
    do { first = try memory.allocate(request) } catch {
      throw .bootMemory(error)
    }
    stopwatch.noteFirstAllocation()

    console.write("held before the first allocation:\n")
    account.owners.write(to: &console)
    console.write("before the first allocation: ")
    summary.write(to: &console)
    console.write("\n")
    account.owners.note(
      OwnedRange(
        range: AddressRange(start: first, clampingByteCount: request.byteCount),
        owner: "first allocation", isAllocated: true))
    console.write("first allocation: 0x")
    console.write(hexadecimal: first.rawValue, minimumDigitCount: 8)
    console.write("\n")
    return memory
  }

  /// Shows boot memory at work.
  private func show(
    _ memory: inout RecordedMemory, _ account: inout MachineAccount, console: inout Console
  ) throws(KernelError) {
    let end = min(account.map.usableEnd, Paging.reach)
    let screen = MapScreen(of: account.map, end: end)
    screen.draw(memory.base, account.owners, on: &console)
    try Demonstration(node: firstNode(of: memory), screen: screen).run(
      on: &memory, owners: &account.owners, console: &console)
    if account.nodes.nodeCount > 1 {
      try NodeDemonstration(nodes: account.nodes).run(
        on: &memory, owners: &account.owners, console: &console)
    }
    console.write("memory before the hand-over:\n")
    MapDrawing(end: end, maximumStretchCount: 512).write(
      account.map, memory.base, account.owners, to: &console)
    console.write("held before the hand-over:\n")
    account.owners.writeReport(to: &console)
  }

  /// Memory of the image itself for tables that are needed before any can be allocated.
  private static func tables() -> TableStorage {
    guard let start = unsafe UnsafeMutableRawPointer(bitPattern: board_kernel_tables()),
      let end = unsafe UnsafeMutableRawPointer(bitPattern: board_kernel_tables_end())
    else { fatalError("the linker script puts the tables at address 0") }
    return unsafe TableStorage(start: start, end: end)
  }

  /// The first node that has memory.
  private func firstNode(of memory: borrowing RecordedMemory) -> NodeID {
    for number in 0..<memory.nodeCapacity where memory.node(NodeID(number))?.isRegistered ?? false {
      return NodeID(number)
    }
    // Without any memory, boot memory is not set up.
    return NodeID(0)
  }

  /// Memory as the kernel reads it; above ``Paging/firmwareEnd`` only once it is mapped, and only
  /// where it is usable.
  private func firmwareMemory(below end: PageFrame) -> FirmwareMemory {
    FirmwareMemory(below: end, firstPageAddress: firstPageAddress)
  }

  /// Hands the memory over; returns the figures from before, and the pages released, if they agree.
  private func handOver(
    _ memory: inout RecordedMemory, of account: borrowing MachineAccount, console: inout Console
  ) throws(KernelError) -> (before: Summary, released: UInt64) {
    let summary = try Summary(of: memory.base, account)
    var bitmapPageCount: UInt64 = 0
    for number in 0..<memory.nodeCapacity {
      guard let node = memory.node(NodeID(number)), node.isRegistered else { continue }
      bitmapPageCount += node.bitmapPages.pageCount
    }
    memory.recordCheckpoint()
    let handOver = try HandOver(of: &memory)
    console.write("handed over:\n")
    handOver.write(to: &console)
    guard handOver.pageCount == summary.free + bitmapPageCount else {
      throw .broken("the pages released are not the free ones and the bitmaps")
    }
    return (summary, handOver.pageCount)
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
