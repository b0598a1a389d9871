// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryTrace
import BootPlan
import FuzzKit
import Glibc
import MemoryMap
import PhysicalMemory
import TextOutput

/// Boot memory set up from what a reader made of an input, and judged: it gives out no byte that is
/// not usable, or that somebody holds, its own bitmaps among these.
struct Plan {
  /// The end of the kernel's reach.
  static let reach = PageFrame(1 << 20)

  /// Where the kernel lies.
  static let image = PageRange(PageFrame(0x100)..<PageFrame(0x140))

  /// Boot memory without a node.
  static func emptyBootMemory() -> BootMemory {
    var platform = BootMemoryPlatform()
    platform.directMapOffset = unsafe UInt(bitPattern: Storage.shared.memory.start)
    unsafe platform.clear = { _, _, _ in }
    return unsafe BootMemory(platform: platform, nodes: Storage.shared.nodes)
  }

  /// Sets up `nodes` with what is in `heldRanges`, allocates and hands over.
  static func judgeBootMemory(
    of nodes: NodeMap, heldRanges: borrowing OwnedRangeList
  ) {
    var owners = unsafe OwnerTable(storage: Storage.shared.owners)
    var memory = emptyBootMemory()
    var sink = CountingSink()
    do throws(BootPlanError) {
      try owners.add(image, .kernelImage)
      try owners.add(contentsOf: heldRanges)
      try owners.add(PageRange(PageFrame(0)..<PageFrame(1)), .firstPage)
      try memory.setUpNodes(nodes, below: reach, owners: &owners, reportingTo: &sink)
    } catch {
      if case .bootMemory(let error) = error { judge(false, "boot memory threw \(error)") }
      error.write(to: &sink)
      giveBack(memory)
      return
    }
    owners.reportModules(of: nodes.memory, below: reach, reportingTo: &sink)
    judgeCalls(of: &memory, nodes.memory, owners)
  }

  /// Judges boot memory that has been set up: what is free, what it allocates, and what it hands over.
  static func judgeCalls(
    of memory: inout BootMemory, _ map: MemoryMap, _ owners: borrowing OwnerTable
  ) {
    judgeFreePages(memory, map, owners)
    judgeAllocations(&memory, map, owners)
    judgeHandOver(&memory, map, owners)
    giveBack(memory)
  }

  private static func judgePages(
    _ pages: PageRange, _ map: MemoryMap, _ owners: borrowing OwnerTable, _ text: String,
    isHandOver: Bool = false
  ) {
    judge(pages.end <= reach, "\(text) \(pages) beyond the reach")
    judge(map.hasUsable(pages), "\(text) \(pages) is not usable")
    for index in 0..<owners.count {
      if isHandOver, case .bitmap = owners[index].owner { continue }
      judge(
        !owners[index].range.touchedPages.overlaps(pages), "\(text) \(pages) is of \(owners[index])"
      )
    }
  }

  private static func judgeFreePages(
    _ memory: borrowing BootMemory, _ map: MemoryMap, _ owners: borrowing OwnerTable
  ) {
    for number in 0..<memory.nodeCapacity {
      var run = memory.nextFreeRun(on: NodeID(number))
      while let pages = run {
        // One node's memory adjoins another's; so do usable regions, but none is in two.
        judgePages(pages, map, owners, "free")
        run = memory.nextFreeRun(on: NodeID(number), from: pages.end)
      }
    }
  }

  private static func judgeAllocations(
    _ memory: inout BootMemory, _ map: MemoryMap, _ owners: borrowing OwnerTable
  ) {
    for request in [
      AllocationRequest.cacheLines(byteCount: 100), .low(byteCount: 5000),
      .pages(byteCount: 3 * PageFrame.byteCount), .lowPages(byteCount: 1 << 22),
    ] {
      do throws(BootMemoryError) {
        let address = try memory.allocate(request)
        let range = AddressRange(start: address, byteCount: request.byteCount)!
        judgePages(range.touchedPages, map, owners, "allocated")
      } catch {
        judge(
          error == .outOfMemory(byteCount: request.byteCount), "\(request) threw \(error)")
      }
    }
  }

  private static func judgeHandOver(
    _ memory: inout BootMemory, _ map: MemoryMap, _ owners: borrowing OwnerTable
  ) {
    var count: UInt64 = 0
    do throws(BootMemoryError) {
      let released = try memory.handOver(maximumOrder: 20) { block in
        let end = PageFrame(block.first.number + block.pageCount)
        judgePages(PageRange(block.first..<end), map, owners, "released", isHandOver: true)
        count += block.pageCount
      }
      judge(released == count, "\(released) pages, but \(count) released")
    } catch {
      judge(false, "the hand-over threw \(error)")
    }
  }

  /// Gives the host's memory back that the bitmaps took.
  static func giveBack(_ memory: borrowing BootMemory) {
    for number in 0..<memory.nodeCapacity {
      guard let node = memory.node(NodeID(number)), node.isRegistered, !node.bitmapPages.isEmpty
      else { continue }
      unsafe madvise(
        Storage.shared.memory.start + Int(node.bitmapPages.start.number * PageFrame.byteCount),
        Int(node.bitmapPages.pageCount * PageFrame.byteCount), MADV_DONTNEED)
    }
  }
}
