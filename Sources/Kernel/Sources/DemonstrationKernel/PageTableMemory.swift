// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// Memory for page tables, which are needed before boot memory can reach all memory.
enum PageTableMemory {
  /// Allocates tables from a boot memory that has only the pages mapped so far, `window`.
  ///
  /// - Parameters:
  ///   - node: Storage for a node, needed only here.
  ///   - owners: The held ranges with their owners; the tables are added.
  /// - Returns: Their start; 0 if there are none.
  static func allocate(
    _ count: UInt64, of map: MemoryMap, in window: PageRange,
    node: UnsafeMutableBufferPointer<BootMemoryNode>, owners: inout OwnerTable
  ) throws(KernelError) -> PhysicalAddress {
    guard count > 0 else { return PhysicalAddress(0) }
    do {
      var memory = unsafe BootMemory(platform: BootMemoryPlatform(), nodes: node)
      try memory.setUpNode(NodeID(0), spanning: window, of: map, owners: &owners)
      // Its bitmap is not needed any more once the tables are there.
      owners.removeLast()
      let byteCount = count * PageFrame.byteCount
      let start = try allocate(byteCount, from: &memory)
      if let range = AddressRange(start: start, byteCount: byteCount) {
        try owners.add(range, .pageTables)
      }
      return start
    } catch {
      throw .bootPlan(error)
    }
  }

  private static func allocate(
    _ byteCount: UInt64, from memory: inout BootMemory
  ) throws(BootPlanError) -> PhysicalAddress {
    do { return try memory.allocate(.pages(byteCount: byteCount)) } catch {
      throw .bootMemory(error)
    }
  }
}
