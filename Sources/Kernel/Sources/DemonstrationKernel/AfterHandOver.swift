// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// What is left to do once the memory belongs to the page allocator, and what is refused.
enum AfterHandOver {
  /// Gives back what was needed only during boot, and shows that boot memory is closed.
  static func run(
    on memory: inout RecordedMemory, map: MemoryMap, owners: inout OwnerTable,
    console: inout Console
  ) throws(KernelError) {
    console.write("after the hand-over:\n")
    var wonBack = BootOnlyPages()
    do throws(BootMemoryError) {
      try wonBack.release(from: &owners, reportingTo: &console) {
        owner, owners throws(BootMemoryError) in
        try memory.releaseLate(owner, in: &owners, of: map, below: Paging.reach) { _ in }
      }
    } catch {
      throw .bootMemory(error)
    }
    guard try releasedAgain(by: &memory) == 0 else {
      throw .broken("a second hand-over released something")
    }
    console.write("  handed over again: 0 pages\n  allocate: ")
    do {
      _ = try memory.allocate(.cacheLines(byteCount: 1))
    } catch {
      error.write(to: &console)
      console.write("\n")
      guard error == .handedOver else { throw .bootMemory(error) }
      return
    }
    throw .broken("memory was allocated after the hand-over")
  }

  private static func releasedAgain(by memory: inout RecordedMemory) throws(KernelError) -> UInt64 {
    do { return try memory.handOver(maximumOrder: HandOver.maximumOrder) { _ in } } catch {
      throw .bootMemory(error)
    }
  }
}
