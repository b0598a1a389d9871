// SPDX-License-Identifier: MIT
import BootMemory
import BootPlan
import MemoryMap
import PhysicalMemory

/// A map, owners and boot memory with storage of their own; memory addresses lie in an arena.
@safe
final class PlanFixture {
  private let regions: UnsafeMutableBufferPointer<MemoryRegion>
  private let mapStorage: UnsafeMutableBufferPointer<PageRegion>
  private let ownerStorage: UnsafeMutableBufferPointer<OwnedRange>
  private let freedRanges: UnsafeMutableBufferPointer<OwnedRange>
  private let nodeStorage: UnsafeMutableBufferPointer<BootMemoryNode>
  private let affinityStorage: UnsafeMutableBufferPointer<MemoryAffinity>
  private let hotPluggableStorage: UnsafeMutableBufferPointer<AddressRange>
  private let arena: UnsafeMutableRawPointer

  let map: MemoryMap

  /// Ranges of usable pages; the arena holds all pages below `arenaPageCount`.
  init(usable: [Range<UInt64>], arenaPageCount: Int = 64) throws {
    unsafe regions = .allocate(capacity: 32)
    unsafe mapStorage = .allocate(capacity: 64)
    unsafe ownerStorage = .allocate(capacity: 48)
    unsafe freedRanges = .allocate(capacity: 4)
    unsafe nodeStorage = .allocate(capacity: 4)
    unsafe affinityStorage = .allocate(capacity: 16)
    unsafe hotPluggableStorage = .allocate(capacity: 4)
    unsafe arena = .allocate(byteCount: arenaPageCount << 12, alignment: 4096)
    var list = unsafe MemoryRegionList(storage: regions)
    for pages in usable {
      list.append(
        start: PhysicalAddress(pages.lowerBound << 12), byteCount: UInt64(pages.count) << 12,
        kind: .usable)
    }
    map = unsafe try MemoryMap(sanitizing: &list, storage: mapStorage)
  }

  deinit {
    unsafe regions.deallocate()
    unsafe mapStorage.deallocate()
    unsafe ownerStorage.deallocate()
    unsafe freedRanges.deallocate()
    unsafe nodeStorage.deallocate()
    unsafe affinityStorage.deallocate()
    unsafe hotPluggableStorage.deallocate()
    unsafe arena.deallocate()
  }

  func owners(_ held: [(Range<UInt64>, MemoryOwner)] = [], capacity: Int = 16) throws -> OwnerTable
  {
    var owners = unsafe OwnerTable(
      storage: UnsafeMutableBufferPointer(rebasing: ownerStorage[..<capacity]))
    for (pages, owner) in held { try owners.add(range(pages), owner) }
    return owners
  }

  /// Room for so many freed ranges, at most four; the fixture's only one at a time.
  func freedStorage(capacity: Int) -> UnsafeMutableBufferPointer<OwnedRange> {
    unsafe UnsafeMutableBufferPointer(rebasing: freedRanges[..<capacity])
  }

  /// The usable pages by nodes; the fixture's only one at a time.
  func nodes(
    _ affinities: [(Range<UInt64>, Int)], hotPluggable: [Range<UInt64>] = []
  ) throws -> NodeMap {
    var list = unsafe MemoryAffinityList(
      storage: affinityStorage, hotPluggable: hotPluggableStorage)
    for (pages, node) in affinities {
      list.append(MemoryAffinity(range: Self.addresses(pages), node: NodeID(node)))
    }
    for pages in hotPluggable { list.appendHotPluggable(Self.addresses(pages)) }
    return try NodeMap(assigning: map, to: &list)
  }

  private static func addresses(_ pages: Range<UInt64>) -> AddressRange {
    AddressRange(
      start: PhysicalAddress(pages.lowerBound << 12), clampingByteCount: UInt64(pages.count) << 12)
  }

  func memory(keepsBitmapsReserved: Bool = true) -> BootMemory {
    var platform = BootMemoryPlatform()
    platform.keepsBitmapsReserved = keepsBitmapsReserved
    platform.directMapOffset = unsafe UInt(bitPattern: arena)
    return unsafe BootMemory(platform: platform, nodes: nodeStorage)
  }
}

func range(_ pages: Range<UInt64>) -> PageRange {
  PageRange(PageFrame(pages.lowerBound)..<PageFrame(pages.upperBound))
}
