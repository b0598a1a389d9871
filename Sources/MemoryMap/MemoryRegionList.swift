// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Regions of memory as they were given: in any order, overlapping, empty, unaligned.
///
/// No ``MemoryMap`` is made from an incomplete list.
public typealias MemoryRegionList = BoundedList<MemoryRegion>

extension MemoryRegionList {
  /// Appends a region of `byteCount` bytes, clipped if it would wrap around the end of the 64-bit
  /// address space.
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

  /// Throws if there was no room for all regions; the error says how much room is needed.
  ///
  /// - Throws: ``MemoryMapError/regionListFull(capacity:needed:)``
  public borrowing func checkCapacity() throws(MemoryMapError) {
    guard isComplete else {
      throw .regionListFull(capacity: capacity, needed: neededCapacity)
    }
  }

  /// Removes the addresses at or above `limit` from all regions of one kind.
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

  /// Removes all memory of one kind except its first `byteCount` bytes, counted from the lowest
  /// address up.
  ///
  /// Bytes that lie in several regions count once.  The regions are sorted.
  ///
  /// - Complexity: O(n log n), in place.
  public mutating func limit(_ kind: MemoryKind, toByteCount byteCount: UInt64) {
    sort()
    var left = byteCount
    // The first address that has not been counted.
    var next = PhysicalAddress(0)
    for index in 0..<count where self[index].kind == kind {
      let range = self[index].range
      guard let last = range.last, last >= next else { continue }
      let start = Swift.max(range.start, next)
      // Not above the size of the range.
      let byteCount = last.rawValue - start.rawValue + 1
      guard byteCount < left else {
        if let end = start.advanced(byByteCount: left) { clip(kind, at: end) }
        return
      }
      left -= byteCount
      guard let end = range.end else { return }
      next = end
    }
  }

  /// Changes the kind of the memory in a range.
  ///
  /// - Parameters:
  ///   - kind: The kind that is replaced; nil for every kind.
  ///   - other: The kind that replaces it; nil to remove the memory.
  ///   - window: The range; memory outside it stays as it is.
  /// - Complexity: O(n); each end of the range adds at most one region for every region it lies in.
  public mutating func replace(
    _ kind: MemoryKind?, with other: MemoryKind?, in window: AddressRange
  ) {
    for index in 0..<count where kind == nil || self[index].kind == kind {
      let region = self[index]
      guard let part = region.range.intersection(window) else { continue }
      let (front, behind) = region.range.removing(part)
      let changed = other.map { MemoryRegion(range: part, kind: $0) }
      guard let rest = front ?? behind else {
        self[index] =
          changed ?? MemoryRegion(range: AddressRange(part.start..<part.start), kind: region.kind)
        continue
      }
      self[index] = MemoryRegion(range: rest, kind: region.kind)
      if front != nil, let behind { append(MemoryRegion(range: behind, kind: region.kind)) }
      if let changed { append(changed) }
    }
  }

  /// Treats the first `firstCount` regions and the rest as two maps of the same memory, and appends
  /// the regions that make usable only what both maps call usable.
  ///
  /// - Parameters:
  ///   - firstCount: The number of regions of the first map.
  ///   - report: Called, in ascending order, for memory to which the maps give different kinds, or
  ///     that one map calls usable and the other does not mention.
  /// - Precondition: The list is complete.
  /// - Complexity: O(n log n), in place.
  package mutating func keepUsable(inBothAt firstCount: Int, report: (AddressRange) -> Void) {
    precondition(isComplete && firstCount <= count)
    let (first, second) = unsafe (elements[..<firstCount], elements[firstCount...])
    var one = unsafe MapStretches(UnsafeMutableBufferPointer(rebasing: first))
    var other = unsafe MapStretches(UnsafeMutableBufferPointer(rebasing: second))
    while let start = Self.lower(one.start, other.start) {
      // The last number up to which neither map changes its kind.
      let last = Swift.min(one.last(from: start), other.last(from: start))
      let kinds = (one.kind(at: start), other.kind(at: start))
      one.advance(behind: last)
      other.advance(behind: last)
      let isMissing = kinds.0 == nil || kinds.1 == nil
      guard kinds.0 != kinds.1, !isMissing || kinds.0 == .usable || kinds.1 == .usable,
        let range = AddressRange(first: PhysicalAddress(start), last: PhysicalAddress(last))
      else { continue }
      report(range)
      if isMissing { append(MemoryRegion(range: range, kind: .reserved)) }
    }
  }

  private static func lower(_ left: UInt64?, _ right: UInt64?) -> UInt64? {
    guard let left, let right else { return left ?? right }
    return Swift.min(left, right)
  }

  /// Puts the regions into ascending order of their starts.
  ///
  /// - Complexity: O(n log n), in place.
  public mutating func sort() {
    unsafe elements.heapSort { $0.range.start < $1.range.start }
  }
}

/// The stretches of a map, sorted and disjoint, walked over together with those of another map.
private struct MapStretches {
  private var sweep: RegionSweep<MemoryRegionIterator>
  private var current: KindStretch?

  init(_ regions: UnsafeMutableBufferPointer<MemoryRegion>) {
    unsafe regions.heapSort { $0.range.start < $1.range.start }
    sweep = unsafe RegionSweep(MemoryRegionIterator(regions))
    current = sweep.next()
  }

  /// The first number of the current stretch; nil after the last one.
  var start: UInt64? { current?.first }

  /// The kind at `number`, which must not lie above the first number that is left.
  func kind(at number: UInt64) -> MemoryKind? {
    guard let current, current.first <= number else { return nil }
    return current.kind
  }

  /// The last number up to which the kind is the same as at `number`.
  func last(from number: UInt64) -> UInt64 {
    guard let current else { return .max }
    // The stretch starts above the number, and so not at 0.
    return current.first <= number ? current.last : current.first - 1
  }

  /// Skips everything up to `last`, which lies in the current stretch or before it.
  mutating func advance(behind last: UInt64) {
    guard let stretch = current, stretch.first <= last else { return }
    if stretch.last <= last {
      current = sweep.next()
    } else {
      current = KindStretch(first: last + 1, last: stretch.last, kind: stretch.kind)
    }
  }
}

/// Walks over the bytes of the regions in the storage of a list, without empty regions.
@safe
struct MemoryRegionIterator: IteratorProtocol {
  private let regions: UnsafeMutableBufferPointer<MemoryRegion>
  private var index = 0

  init(_ regions: UnsafeMutableBufferPointer<MemoryRegion>) {
    unsafe self.regions = regions
  }

  /// The bytes of the next region; nil after the last.
  @inline(never)
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
