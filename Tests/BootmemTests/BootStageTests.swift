// SPDX-License-Identifier: MIT
import Bootmem
import TestSupport
import Testing

/// The way from an e820 table to an allocation by the umbrella module alone: one import, one `do`.
@Suite struct BootStageTests {
  /// An e820 table at address 0 of memory that has nothing else.
  private struct TableMemory: PhysicalMemoryReader {
    var table: [UInt8] = []

    mutating func append(start: UInt64, byteCount: UInt64, type: UInt32) {
      for index in 0..<8 { table.append(UInt8(truncatingIfNeeded: start >> (8 * index))) }
      for index in 0..<8 { table.append(UInt8(truncatingIfNeeded: byteCount >> (8 * index))) }
      for index in 0..<4 { table.append(UInt8(truncatingIfNeeded: type >> (8 * index))) }
    }

    func byte(at address: PhysicalAddress) -> UInt8? {
      address.rawValue < UInt64(table.count) ? table[Int(address.rawValue)] : nil
    }
  }

  /// What a kernel of 16 pages does, and the text of the error that stopped it.
  private func boot(
    entries: Int = 1, mapCapacity: Int = 4, ownerCapacity: Int = 4, byteCount: UInt64 = 4096,
    pageOrder: Int = 0, alignment: UInt = 16
  ) -> String {
    var tables = TableMemory()
    for _ in 0..<entries { tables.append(start: 0, byteCount: 16 << 12, type: 1) }
    let arena = UnsafeMutableRawPointer.allocate(byteCount: 16 << 12, alignment: 4096)
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 4)
    let held = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: 4)
    let map = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: mapCapacity)
    let owned = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: ownerCapacity)
    let nodes = UnsafeMutableBufferPointer<BootMemoryNode>.allocate(capacity: 1)
    let pageNodes = UnsafeMutableBufferPointer<PageNode>.allocate(capacity: 1)
    defer {
      unsafe arena.deallocate()
      unsafe regions.deallocate()
      unsafe held.deallocate()
      unsafe map.deallocate()
      unsafe owned.deallocate()
      unsafe nodes.deallocate()
      unsafe pageNodes.deallocate()
    }
    var platform = BootMemoryPlatform()
    platform.directMapOffset = UInt(bitPattern: arena)
    var reports = PrintedText()
    do throws(BootError) {
      var information = unsafe BootInformation(
        regions: MemoryRegionList(storage: regions), heldRanges: OwnedRangeList(storage: held))
      let loader = E820Table(entryCount: UInt64(entries))
      try BootStage.firmware(
        information.read(loader, at: 0, in: tables, reportingTo: &reports))
      let map = try unsafe BootStage.memoryMap(
        MemoryMap(sanitizing: &information.regions, storage: map))
      var owners = unsafe OwnerTable(storage: owned)
      var memory = unsafe BootMemory(platform: platform, nodes: nodes)
      try BootStage.bootPlan(owners.add(contentsOf: information.heldRanges))
      try BootStage.bootPlan(
        memory.setUpNodes(
          NodeMap(oneNodeOf: map), below: .end, owners: &owners, reportingTo: &reports))
      let address = try BootStage.bootMemory(memory.allocate(.pages(byteCount: byteCount)))
      var pages = try unsafe BootStage.pageAllocator(
        PageAllocator(takingOver: &memory, nodes: pageNodes))
      _ = try BootStage.pageAllocator(pages.allocate(order: pageOrder))
      var heap = KernelHeap(directMapOffset: platform.directMapOffset)
      _ = try unsafe BootStage.kernelHeap(
        heap.allocate(byteCount: 100, alignment: alignment, from: &pages))
      // Page 0 has the table, page 1 the bitmap.
      return String(address.rawValue, radix: 16)
    } catch {
      var text = PrintedText()
      error.write(to: &text)
      return text.text
    }
  }

  @Test func stages_resultsPassThrough() {
    #expect(boot() == "2000")
  }

  @Test func stages_theErrorOfEachReachesTheOneDo() {
    #expect(boot(entries: 0) == "e820 table at 0x0: has no entry in reach")
    #expect(boot(mapCapacity: 0) == "memory map is full: it holds 0, needs to hold 1")
    #expect(
      boot(ownerCapacity: 1) == "table of owners is full: it holds 1 ranges and has to hold more")
    #expect(boot(byteCount: 1 << 20) == "out of memory: no free range for 0x100000 bytes")
    #expect(boot(pageOrder: 11) == "no block has the order 11")
    #expect(boot(alignment: 24) == "the alignment 0x18 is not a power of two")
  }
}
