/// Walks over regions in the storage of a list or map.
@safe
public struct MemoryRegionIterator: IteratorProtocol, Sequence {
  private let regions: UnsafeBufferPointer<MemoryRegion>
  private var index = 0

  init(_ regions: UnsafeBufferPointer<MemoryRegion>) {
    unsafe self.regions = regions
  }

  /// The next region, or nil behind the last.
  public mutating func next() -> MemoryRegion? {
    guard unsafe index < regions.count else { return nil }
    defer { index += 1 }
    return unsafe regions[index]
  }
}
