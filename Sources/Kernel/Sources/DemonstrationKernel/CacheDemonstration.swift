// SPDX-License-Identifier: MIT
import Board
import BootMemory
import BootMemoryTrace
import Firmware
import PageAllocator
import PageCaches
import PhysicalMemory
import TextOutput

/// What `caches=N` on the command line asks for instead of the hand-over: N processors, each with a
/// cache of pages, allocate and free at the same time, and also free what the others have
/// allocated.
enum CacheDemonstration {
  /// The size of a started processor's stack, in bytes.
  private static let stackByteCount = 0x4000

  /// How often to poll for the arrival of a processor: for some seconds.
  private static let patience = 100_000_000

  /// What all processors work on; set before others are started.
  nonisolated(unsafe) private static var world: UnsafeMutablePointer<CacheWorld>?

  /// Takes the pages over, starts the other processors, and compares what all have done.
  static func run(
    on memory: inout RecordedMemory, processors word: CommandLineWord, console: inout Console
  ) throws(KernelError) {
    guard let count = processorCount(word) else {
      throw .broken("caches= is followed by none of 1, 2, 4 and 8")
    }
    // The calls from here on are not Linux's.
    memory.endRecording()
    unsafe SerialPort.writesComments = false
    let world = unsafe try PageDemonstration.room(for: CacheWorld.self, count: 1, in: &memory)
    let stacks = unsafe try PageDemonstration.room(
      for: UInt8.self, count: count * stackByteCount, in: &memory)
    unsafe world.pages[0] = try CacheWorld(processorCount: count, in: &memory)
    unsafe Self.world = unsafe world.pages.baseAddress
    console.write("caches:\n")
    let before = unsafe try world.pages[0].freePageCount()
    unsafe try start(world.pages[0], stacks: UInt(bitPattern: stacks.pages.baseAddress))
    let result = unsafe world.pages[0].takePart(0)
    unsafe world.pages[0].end(0, result)
    unsafe try compare(world.pages[0], before, console: &console)
  }

  private static func processorCount(_ word: CommandLineWord) -> Int? {
    if word.equals("1") { return 1 }
    if word.equals("2") { return 2 }
    if word.equals("4") { return 4 }
    return word.equals("8") ? 8 : nil
  }

  /// Starts all other processors; firmware numbers processors 0, 1 and so on.
  private static func start(
    _ world: CacheWorld, stacks: UInt
  ) throws(KernelError) {
    let lowPage = try world.pageForStarting()
    var number: UInt = 1
    for id in 0..<UInt(world.processorCount) {
      let stackTop = stacks + number * UInt(stackByteCount)
      switch board_start_processor(
        id, stackTop, number, Outcome.callsHypervisor, lowPage)
      {
      case BOARD_START_RUNS: continue
      case BOARD_START_DONE: break
      default: throw .broken("firmware starts no such processor")
      }
      for turn in 0... {
        if world.arrivedCount == number { break }
        if turn == patience { throw .broken("a processor was started and did not arrive") }
      }
      number += 1
    }
    guard number == UInt(world.processorCount) else {
      throw .broken("firmware has other numbers for the processors")
    }
    try world.freePageForStarting(lowPage)
    world.begin()
  }

  /// What a started processor does.
  static func runSecondary(_ number: UInt) -> Never {
    // It was set before any processor was started.
    let world = unsafe world.unsafelyUnwrapped
    unsafe world.pointee.arrive(number)
    let result = unsafe world.pointee.takePart(Int(number))
    unsafe world.pointee.end(Int(number), result)
    board_halt()
  }

  private static func compare(
    _ world: CacheWorld, _ before: UInt64, console: inout Console
  ) throws(KernelError) {
    var sum = CacheWorld.Record()
    for number in 0..<world.processorCount { sum.add(world.record(of: number)) }
    let rest = world.freeMail()
    sum.add(rest)
    console.write("  processors: ")
    console.write(decimal: world.processorCount.magnitude)
    console.write("; pages allocated: ")
    console.write(decimal: sum.allocatedCount)
    console.write(", freed: ")
    console.write(decimal: sum.freedCount)
    console.write(", by another one: ")
    console.write(decimal: sum.foreignCount)
    console.write("\n")
    guard sum.wrongCount == 0 else { throw .broken("a page was given to two") }
    guard sum.allocatedCount == sum.freedCount, sum.allocatedSum == sum.freedSum else {
      throw .broken("other pages were freed than allocated")
    }
    guard world.processorCount == 1 || sum.foreignCount > 0 else {
      throw .broken("no processor has freed a page of another one")
    }
    guard try world.freePageCount() == before else {
      throw .broken("other pages are free than before")
    }
    console.write("  the sums agree, and ")
    console.write(decimal: before)
    console.write(" pages are free as before\n")
  }
}

/// Where a processor that `board_start_processor` has started begins.
@c(kernel_secondary)
func kernelSecondary(number: UInt) -> Never { CacheDemonstration.runSecondary(number) }
