import PhysicalMemory
import TextOutput

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
    let range = AddressRange(clippingStart: start, byteCount: byteCount)
    append(MemoryRegion(range: range, kind: kind))
    return range.byteCount != byteCount
  }

  /// Says with an error that there was no room for all regions, and how much is needed.
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

  /// Prints one region a line, each behind two spaces.
  public borrowing func write(to sink: inout some TextSink) {
    for index in 0..<count {
      sink.write("  ")
      self[index].write(to: &sink)
      sink.write("\n")
    }
  }
}
