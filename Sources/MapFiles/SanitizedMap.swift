import MemoryMap

/// A memory map with storage of its own.
@safe public final class SanitizedMap {
  /// The map.
  public let map: MemoryMap

  private let storage: UnsafeMutableBufferPointer<MemoryRegion>

  /// Sanitises `regions`.
  ///
  /// - Complexity: O(n log n).
  public init(_ regions: [MemoryRegion]) {
    let given = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: regions.count)
    defer { unsafe given.deallocate() }
    var list = unsafe MemoryRegionList(storage: given)
    for region in regions { list.append(region) }
    let storage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 2 * regions.count)
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

  /// The regions in ascending order.
  public var regions: [MemoryRegion] { (0..<map.count).map { map[$0] } }
}
