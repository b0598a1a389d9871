// SPDX-License-Identifier: MIT
import Board
import BootMemory
import BootPlan
import MemoryMap
import MemoryTesting
import PhysicalMemory
import TextOutput
import BootMemoryTrace

/// The memory test that `memtest=N` asks for: all free memory is tested, and pages that fail are
/// reserved.
struct MemoryCheck {
  /// The number of patterns; 0 for no test.
  let passCount: Int

  /// Tests the free memory of every node, pass by pass, and reports each one.
  func run(
    on memory: inout RecordedMemory, owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    guard passCount > 0 else { return }
    for pass in 0..<passCount {
      console.write("memory test: pass ")
      console.write(decimal: UInt(pass) + 1)
      console.write(" of ")
      console.write(decimal: passCount.magnitude)
      console.write("\n")
      for number in 0..<memory.nodeCapacity {
        let node = NodeID(number)
        var page = PageFrame(0)
        while let run = memory.nextFreeRun(on: node, from: page) {
          try test(run, pass, on: node, of: &memory, owners: &owners, console: &console)
          page = run.end
        }
      }
    }
    console.write("memory test: ")
    console.write(decimal: memory.base.freePageCount())
    console.write(" pages are good\n")
  }

  /// Tests a run of free pages, and reserves the bad ones.
  private func test(
    _ run: PageRange, _ pass: Int, on node: NodeID, of memory: inout RecordedMemory,
    owners: inout OwnerTable, console: inout Console
  ) throws(KernelError) {
    var error: KernelError?
    var directMemory = DirectMemory()
    MemoryTest.runPass(pass, on: run, in: &directMemory) { pages in
      guard let range = AddressRange(pages), error == nil else { return }
      do throws(BootMemoryError) { try memory.reserve(range, on: node) } catch let refusal {
        error = .bootMemory(refusal)
      }
      // It stays reserved even if there is no room for its name.
      try? owners.add(range, .badMemory)
      console.write("memory test: bad pages ")
      OwnedRange(range: range, owner: .badMemory).write(to: &console)
      console.write("\n")
    }
    if let error { throw error }
  }
}

/// Memory mapped to itself.
private struct DirectMemory: TestableMemory {
  mutating func fill(_ page: PageFrame, with pattern: UInt64) {
    // A pattern repeats one digit, so half of it will do on a 32-bit machine.
    board_fill_page(address(of: page), UInt(truncatingIfNeeded: pattern))
  }

  mutating func holds(_ pattern: UInt64, in page: PageFrame) -> Bool {
    board_page_holds(address(of: page), UInt(truncatingIfNeeded: pattern))
  }

  /// No free page lies beyond what the processor reaches.
  private func address(of page: PageFrame) -> UInt {
    UInt(truncatingIfNeeded: page.number << PageFrame.byteCountShift)
  }
}
