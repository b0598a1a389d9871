// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// A memory map with storage of its own.
@safe public final class SanitizedMap {
  /// The map.
  public let map: MemoryMap

  private let storage: UnsafeMutableBufferPointer<PageRegion>

  /// Sanitises `regions`.
  ///
  /// - Complexity: O(n log n).
  public init(_ regions: [MemoryRegion]) {
    let given = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: regions.count)
    defer { unsafe given.deallocate() }
    var list = unsafe MemoryRegionList(storage: given)
    for region in regions { list.append(region) }
    let storage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 2 * regions.count)
    unsafe self.storage = unsafe storage
    do {
      map = unsafe try MemoryMap(sanitizing: &list, storage: storage)
    } catch {
      // Twice the number of regions is always enough.
      fatalError("a list or map is full that was made large enough: \(error)")
    }
  }

  deinit {
    unsafe storage.deallocate()
  }
}

extension MemoryMap {
  /// The regions in ascending order.
  ///
  /// The size of all 2^52 pages does not fit in 64 bits: a region of all of them lacks its last
  /// byte.
  public var regions: [MemoryRegion] {
    (0..<count).map { index in
      let range = AddressRange(self[index].pages) ?? AddressRange(start: 0, clampingByteCount: .max)
      return MemoryRegion(range: range, kind: self[index].kind)
    }
  }
}
