#if hasFeature(Embedded)
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// What is left to do once the memory belongs to the page allocator, and what is refused.
enum AfterHandOver {
  /// Gives back what held the loader's data, and shows that boot memory is closed.
  static func run(
    on memory: inout RecordedMemory, map: MemoryMap, owners: borrowing OwnerTable,
    console: inout Console
  ) throws(KernelError) {
    console.write("after the hand-over:\n")
    var late: UInt64 = 0
    let modules = ModulePages(map: map, limit: Paging.reach)
    try modules.forEachStretch(owners) { pages throws(KernelError) in
      guard let range = AddressRange(pages) else { return }
      do throws(BootMemoryError) {
        late += try memory.releaseLate(range) { _ in }
      } catch {
        throw .bootMemory(error)
      }
    }
    console.write("  released late, of modules: ")
    console.write(decimal: late)
    console.write(" pages\n")
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
#endif
