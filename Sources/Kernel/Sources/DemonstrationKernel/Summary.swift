// SPDX-License-Identifier: MIT
import BootMemory
import Bootmem
import MemoryMap
import PhysicalMemory
import TextOutput

/// Figures of boot memory, for machines to read; all but the first in pages.
struct Summary {
  /// The number of nodes, including those without memory.
  let nodeCount: UInt64

  /// The number of whole pages of usable memory in the sanitised map, within the kernel's reach.
  private(set) var usable: UInt64 = 0

  /// The number of usable pages that are reserved.
  private(set) var reserved: UInt64 = 0

  /// The number of usable pages that are free.
  private(set) var free: UInt64 = 0

  /// Counts the pages of `memory`, which was set up by `account`.
  init(
    of memory: borrowing BootMemory, _ account: borrowing MachineAccount
  ) throws(KernelError) {
    nodeCount = UInt64(account.nodes.nodeCount)
    usable = account.map.usablePageCount(below: account.reach)
    var ranges = account.map.usablePages(below: account.reach)
    while let pages = ranges.next() {
      free += memory.freePageCount(in: pages)
      reserved += memory.reservedPageCount(in: pages)
    }
    guard reserved + free == usable else {
      throw .broken("reserved and free pages are not all usable ones")
    }
  }

  /// Writes `nodes=N usable=P reserved=P free=P`.
  func write(to sink: inout some TextSink) {
    sink.write("nodes=")
    sink.write(decimal: nodeCount)
    sink.write(" usable=")
    sink.write(decimal: usable)
    sink.write(" reserved=")
    sink.write(decimal: reserved)
    sink.write(" free=")
    sink.write(decimal: free)
  }
}
