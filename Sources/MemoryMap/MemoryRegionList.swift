import PhysicalMemory
import TextOutput

/// Regions of memory as somebody gave them: in any order, overlapping, empty, unaligned.
///
/// The list lies in storage of its owner.  What does not fit is counted, and from then on the list
/// says that it is incomplete: ``checkCapacity()`` throws, and no ``MemoryMap`` is made of it.
@safe
public struct MemoryRegionList: ~Copyable {
  private let storage: UnsafeMutableBufferPointer<MemoryRegion>

  /// The number of regions that were appended, whether or not there was room for them.
  private var appendedCount = 0

  /// The number of regions that reached beyond the 64-bit address space and were clipped there.
  public private(set) var clippedCount = 0

  /// Makes an empty list in `storage`, which must stay valid, and untouched by others, as long as
  /// the list is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<MemoryRegion>) {
    unsafe self.storage = storage
  }

  /// The number of regions that the list can hold.
  public var capacity: Int { unsafe storage.count }

  /// The number of regions in the list.
  public var count: Int { min(appendedCount, capacity) }

  /// The region at `index`, counted from 0 in the order in which they were appended, or in ascending
  /// order after ``sort()``.
  public subscript(index: Int) -> MemoryRegion {
    precondition(index >= 0 && index < count)
    return unsafe storage[index]
  }

  /// Appends a region as it is.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ region: MemoryRegion) {
    if appendedCount < capacity { unsafe storage.initializeElement(at: appendedCount, to: region) }
    appendedCount += 1
  }

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
    let isClipped = range.byteCount != byteCount
    append(MemoryRegion(range: range, kind: kind))
    if isClipped { clippedCount += 1 }
    return isClipped
  }

  /// Empties the list.
  public mutating func removeAll() {
    appendedCount = 0
    clippedCount = 0
  }

  /// Says with an error that there was no room for all regions, and how much is needed.
  public borrowing func checkCapacity() throws(MemoryMapError) {
    guard appendedCount <= capacity else {
      throw .regionListFull(capacity: capacity, needed: appendedCount)
    }
  }

  /// Takes the addresses from `limit` on away from all regions of one kind.
  ///
  /// - Complexity: O(n).
  public mutating func clip(_ kind: MemoryKind, at limit: PhysicalAddress) {
    for index in 0..<count where unsafe storage[index].kind == kind {
      let range = unsafe storage[index].range
      guard let last = range.last, last >= limit else { continue }
      let start = min(range.start, limit)
      guard let clipped = AddressRange(start: start, end: limit) else { continue }
      unsafe storage[index] = MemoryRegion(range: clipped, kind: kind)
    }
  }

  /// Puts the regions into ascending order of their starts.
  ///
  /// - Complexity: O(n log n), in place.
  public mutating func sort() {
    unsafe UnsafeMutableBufferPointer(rebasing: storage[0..<count]).heapSort {
      $0.range.start < $1.range.start
    }
  }

  /// The regions in their present order, for the sweep.
  borrowing func makeIterator() -> MemoryRegionIterator {
    unsafe MemoryRegionIterator(UnsafeBufferPointer(rebasing: storage[0..<count]))
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
