// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Regions of memory as somebody gave them: in any order, overlapping, empty, unaligned.
///
/// No ``MemoryMap`` is made of a list that is not complete.
public typealias MemoryRegionList = BoundedList<MemoryRegion>

extension MemoryRegionList {
  /// Appends a region of `byteCount` bytes, which is clipped where it would wrap around the end of
  /// the 64-bit address space.
  ///
  /// - Returns: Whether it was clipped, for the caller to report.
  /// - Complexity: O(1).
  @discardableResult
  public mutating func append(
    start: PhysicalAddress, byteCount: UInt64, kind: MemoryKind
  ) -> Bool {
    let range = AddressRange(start: start, clampingByteCount: byteCount)
    append(MemoryRegion(range: range, kind: kind))
    return range.byteCount != byteCount
  }

  /// Says with an error that there was no room for all regions, and how much is needed.
  ///
  /// - Throws: ``MemoryMapError/regionListFull(capacity:needed:)``
  public borrowing func checkCapacity() throws(MemoryMapError) {
    guard isComplete else {
      throw .regionListFull(capacity: capacity, needed: neededCapacity)
    }
  }

  /// Takes the addresses from `limit` on away from all regions of one kind.
  ///
  /// - Complexity: O(n).
  public mutating func clip(_ kind: MemoryKind, at limit: PhysicalAddress) {
    for index in 0..<count where self[index].kind == kind {
      let range = self[index].range
      guard let last = range.last, last >= limit,
        let clipped = AddressRange(start: min(range.start, limit), end: limit)
      else { continue }
      self[index] = MemoryRegion(range: clipped, kind: kind)
    }
  }

  /// Puts the regions into ascending order of their starts.
  ///
  /// - Complexity: O(n log n), in place.
  public mutating func sort() {
    unsafe elements.heapSort { $0.range.start < $1.range.start }
  }
}

/// Walks over the bytes of the regions in the storage of a list; empty regions are left out.
@safe
struct MemoryRegionIterator: IteratorProtocol {
  private let regions: UnsafeMutableBufferPointer<MemoryRegion>
  private var index = 0

  init(_ regions: UnsafeMutableBufferPointer<MemoryRegion>) {
    unsafe self.regions = regions
  }

  /// The bytes of the next region, or nil behind the last.
  mutating func next() -> KindStretch? {
    while unsafe index < regions.count {
      let region = unsafe regions[index]
      index += 1
      guard let last = region.range.last else { continue }
      return KindStretch(
        first: region.range.start.rawValue, last: last.rawValue, kind: region.kind)
    }
    return nil
  }
}
