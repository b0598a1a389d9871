// SPDX-License-Identifier: MIT
import Board
import BootMemory
import BootMemoryTrace
import DemonstrationKernel
import KernelHeap
import PageAllocator
import PhysicalMemory
import RuntimeHeap
import TextOutput

/// What `heap` on the command line asks for instead of the hand-over: Swift's classes, closures and
/// collections, served by boot memory and then by the page allocator, to which live objects carry
/// over; when all of them are gone, nothing is left allocated.
@safe struct HeapDemonstration: ~Copyable {
  private let memory: UnsafeMutablePointer<BootMemory>
  private let pages: UnsafeMutablePointer<PageAllocator>
  private let nodes: UnsafeMutableBufferPointer<PageNode>

  static func run(
    on memory: inout RecordedMemory, console: inout Console
  ) throws(KernelError) {
    guard board_enable_floating_point() else {
      throw .broken("this processor has no floating-point unit that Swift's collections can use")
    }
    // The calls from here on are not Linux's.
    memory.endRecording()
    unsafe SerialPort.writesComments = false
    let nodes = unsafe try PageDemonstration.room(
      for: PageNode.self, count: memory.nodeCapacity, in: &memory)
    let pages = unsafe try PageDemonstration.room(for: PageAllocator.self, count: 1, in: &memory)
    guard let pageStorage = unsafe pages.pages.baseAddress else { return }
    console.write("heap:\n")
    unsafe try withUnsafeMutablePointer(to: &memory.base) { memory throws(KernelError) in
      let demonstration = unsafe HeapDemonstration(
        memory: memory, pages: pageStorage, nodes: nodes.pages)
      try demonstration.run(console: &console)
    }
  }

  private func run(console: inout Console) throws(KernelError) {
    var platform = RuntimeHeapPlatform()
    unsafe platform.report = writeReport
    unsafe platform.fillRandomly = fillWithTimeStamps
    unsafe RuntimeHeap.start(servedBy: Placed(memory), platform: platform, below: Paging.reach)
    let freeBefore = unsafe memory.pointee.freePageCount()
    var life: HeapLife? = HeapLife()

    console.write("  served by boot memory:\n")
    try Self.live(&life, console: &console)
    try check(freePageCount: unsafe memory.pointee.freePageCount(), is: freeBefore)

    let held = RuntimeHeap.statistics
    do throws(PageAllocatorError) {
      unsafe pages.initialize(
        to: try PageAllocator(takingOver: &memory.pointee, nodes: nodes))
    } catch {
      throw .pageAllocator(error)
    }
    unsafe RuntimeHeap.serve(from: Placed(pages))
    let freeAtHandOver = try freePageCount() + held.pageCount + held.indexPageCount

    console.write("  served by the page allocator:\n")
    try Self.live(&life, console: &console)
    try check(freePageCount: freePageCount(), is: freeAtHandOver)
    try Self.beRefused(console: &console)
    try beFound(console: &console)

    life = nil
    RuntimeHeap.trim()
    console.write("  all freed:\n")
    Self.writeHeld(&console)
    let none = HeapStatistics(allocationCount: 0, pageCount: 0, indexPageCount: 0)
    guard RuntimeHeap.statistics == none else { throw .broken("allocations have leaked") }
    guard HeapLife.aliveCount == 0 else { throw .broken("objects have leaked") }
    guard try freePageCount() == freeAtHandOver else { throw .broken("pages have leaked") }
    console.write("  nothing leaks: ")
    console.write(decimal: freeAtHandOver)
    console.write(" pages are free, as if there had been no heap\n")
  }

  /// Lets a life go on for another part, and checks and prints what was seen in it.
  private static func live(
    _ life: inout HeapLife?, console: inout Console
  ) throws(KernelError) {
    guard let lived = life?.live(), lived.isAsExpected else {
      throw .broken("a collection, a text or an object is not what it should be")
    }
    for line in lived.lines {
      console.write("    ")
      for byte in line.utf8 { console.write(byte: byte) }
      console.write("\n")
    }
    writeHeld(&console)
  }

  private static func writeHeld(_ console: inout Console) {
    let statistics = RuntimeHeap.statistics
    console.write("    held: ")
    console.write(decimal: statistics.allocationCount)
    console.write(" allocations in ")
    console.write(decimal: statistics.pageCount)
    console.write(" pages, and ")
    console.write(decimal: statistics.indexPageCount)
    console.write(" to find them by\n")
  }

  /// Frees memory a second time, as a broken program would.
  private static func beRefused(console: inout Console) throws(KernelError) {
    let memory = UnsafeMutablePointer<UInt>.allocate(capacity: 4)
    unsafe memory.deallocate()
    let statistics = RuntimeHeap.statistics
    console.write("  freed twice: ")
    unsafe memory.deallocate()
    guard RuntimeHeap.statistics == statistics else { throw .broken("a refusal changed the heap") }
  }

  /// Writes beyond an allocation of a debug heap and to freed memory, and frees it twice, as a
  /// broken program would; prints what that heap reports.
  private func beFound(console: inout Console) throws(KernelError) {
    let free = try freePageCount()
    let offset = unsafe UInt(bitPattern: memory.pointee.pointer(to: PhysicalAddress(0)))
    var heap = unsafe DebugHeap(directMapOffset: offset, below: Paging.reach, write: writeText)
    console.write("  a debug heap finds:\n")
    do throws(KernelHeapError) {
      let log = unsafe try heap.allocate(byteCount: 100, from: &pages.pointee)
      unsafe log.storeBytes(of: 0x41, toByteOffset: 100, as: UInt8.self)
      unsafe try heap.free(log, to: &pages.pointee)
      unsafe log.storeBytes(of: 0x42, as: UInt8.self)
      heap.check()
      unsafe try heap.free(log, to: &pages.pointee)
    } catch {
      guard case .notAllocated = error else { throw .broken("a debug heap does not work") }
    }
    unsafe heap.trim(to: &pages.pointee)
    guard heap.violationCount == 3 else { throw .broken("a debug heap has not found it all") }
    guard try freePageCount() == free else { throw .broken("a debug heap has kept pages") }
  }

  private func check(
    freePageCount: UInt64, is before: UInt64
  ) throws(KernelError) {
    let held = RuntimeHeap.statistics
    guard freePageCount + held.pageCount + held.indexPageCount == before else {
      throw .broken("pages are neither free nor the heap's")
    }
  }

  private func freePageCount() throws(KernelError) -> UInt64 {
    var sum: UInt64 = 0
    do throws(PageAllocatorError) {
      for number in unsafe nodes.indices {
        sum += unsafe try pages.pointee.statistics(of: NodeID(number)).freePageCount
      }
    } catch {
      throw .pageAllocator(error)
    }
    return sum
  }
}

/// Prints what the heap refused.
private func writeReport(
  context: UnsafeMutableRawPointer?, text: UnsafePointer<UInt8>?, byteCount: UInt
) {
  unsafe writeText(context: context, text: text, byteCount: byteCount)
  var port = SerialPort()
  port.write(byte: UInt8(ascii: "\n"))
}

/// Prints a text.
private func writeText(
  context: UnsafeMutableRawPointer?, text: UnsafePointer<UInt8>?, byteCount: UInt
) {
  var port = SerialPort()
  let bytes = unsafe UnsafeBufferPointer(start: text, count: Int(byteCount))
  for index in 0..<bytes.count { unsafe port.write(byte: bytes[index]) }
}

/// Nobody attacks the demonstration; a real kernel uses its processor's random numbers.
private func fillWithTimeStamps(
  context: UnsafeMutableRawPointer?, memory: UnsafeMutableRawPointer?, byteCount: UInt
) {
  let bytes = unsafe UnsafeMutableRawBufferPointer(start: memory, count: Int(byteCount))
  for index in bytes.indices {
    unsafe bytes[index] = UInt8(truncatingIfNeeded: board_time_stamp() &+ UInt64(index))
  }
}
