// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The physical address space as a kernel can rely on it: regions that are sorted, disjoint, merged
/// with neighbours of the same kind, and made of whole pages.
///
/// Every map is made from a ``MemoryRegionList`` by the same rules, whatever firmware or loader the
/// list came from:
/// - Where regions overlap, the less usable kind wins (see ``MemoryKind``).
/// - Usable ranges are rounded inwards to pages, all others outwards; a usable range without a
///   whole page disappears.  ``partialPageByteCount`` says what that costs.
/// - Empty regions vanish.
///
/// A map is a view of storage that belongs to the code that made it, and does not change.
@safe
public struct MemoryMap {
  private let regions: UnsafeBufferPointer<PageRegion>

  /// The number of usable bytes that are lost because their page is not usable as a whole.
  public let partialPageByteCount: UInt64

  /// Makes the map of the regions in `list`, and sorts the list.
  ///
  /// Twice the count of the list is always enough room in `storage`.  The storage need not be
  /// initialised, and must stay valid and untouched as long as the map is used.
  ///
  /// - Throws: An error that says how large the storage of the list or of the map must be.
  /// - Complexity: O(n log n) in the count of the list.
  public init(
    sanitizing list: inout MemoryRegionList, storage: UnsafeMutableBufferPointer<PageRegion>
  ) throws(MemoryMapError) {
    try list.checkCapacity()
    list.sort()
    let given = unsafe MemoryRegionIterator(list.elements)
    var sweep = RegionSweep(PageRounding(RegionSweep(given)))
    var count = 0
    while let stretch = sweep.next() {
      if count < storage.count {
        let pages = PageRange(PageFrame(stretch.first)...PageFrame(stretch.last))
        unsafe storage.initializeElement(
          at: count, to: PageRegion(pages: pages, kind: stretch.kind))
      }
      count += 1
    }
    guard count <= storage.count else {
      throw .memoryMapFull(capacity: storage.count, needed: count)
    }
    unsafe regions = UnsafeBufferPointer(rebasing: storage[0..<count])
    partialPageByteCount = sweep.source.partialPageByteCount
  }

  /// The number of regions.
  public var count: Int { unsafe regions.count }

  /// The region at `index`, counted from 0 in ascending order.
  public subscript(index: Int) -> PageRegion {
    precondition(index >= 0 && index < count)
    return unsafe regions[index]
  }

  /// Prints one region per line, indented by two spaces.
  public func write(to sink: inout some TextSink) {
    for index in 0..<count { sink.write(line: self[index]) }
  }
}
