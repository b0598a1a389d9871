#if hasFeature(Embedded)
import Board
import BootMemory
import BootPlan
import Firmware
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// The memory test that `memtest=N` asks for: all free memory is tested, and what fails reserved.
struct MemoryCheck {
  /// The number of patterns; 0 for no test.
  let passCount: Int

  /// Tests the free memory of every node.
  func run(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    guard passCount > 0 else { return }
    var good: UInt64 = 0
    for number in 0..<memory.nodeCapacity {
      let node = NodeID(number)
      var page = PageFrame(0)
      while let run = memory.nextFreeRun(on: node, from: page) {
        let badPages = try test(run, on: node, of: &memory, owners: &owners, console: &console)
        good += run.pageCount - badPages
        page = run.end
      }
    }
    console.write("memory test: ")
    console.write(decimal: good)
    console.write(" pages are good\n")
  }

  /// Tests a run of free pages, and reserves the bad ones; their number is returned.
  private func test(
    _ run: PageRange, on node: NodeID, of memory: inout RecordedMemory, owners: inout OwnerTable,
    console: inout Console
  ) throws(KernelError) -> UInt64 {
    var error: KernelError?
    var directMemory = DirectMemory()
    MemoryTest(passCount: passCount).run(on: run, in: &directMemory) { pages in
      guard let range = AddressRange(pages), error == nil else { return }
      do throws(BootMemoryError) { try memory.reserve(range, on: node) } catch let refusal {
        error = .bootMemory(refusal)
      }
      // A page that fails in one more pass is known already.
      guard owners.owner(of: pages.start) != .badMemory else { return }
      // Reserved it stays, even where there is no room for its name.
      try? owners.add(range, .badMemory)
      console.write("memory test: bad pages ")
      OwnedRange(range: range, owner: .badMemory).write(to: &console)
      console.write("\n")
    }
    if let error { throw error }
    return memory.base.reservedPageCount(in: run)
  }
}

/// Memory mapped to itself, every access of which is made.
private struct DirectMemory: TestableMemory {
  mutating func store(_ word: UInt64, at address: PhysicalAddress) {
    board_write_memory64(UInt(address.rawValue), word)
  }

  mutating func load(at address: PhysicalAddress) -> UInt64 {
    board_read_memory64(UInt(address.rawValue))
  }
}
#endif
