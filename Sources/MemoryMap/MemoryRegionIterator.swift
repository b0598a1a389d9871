/// Walks over regions in the storage of a list.
@safe
struct MemoryRegionIterator: IteratorProtocol, Sequence {
  private let regions: UnsafeMutableBufferPointer<MemoryRegion>
  private var index = 0

  init(_ regions: UnsafeMutableBufferPointer<MemoryRegion>) {
    unsafe self.regions = regions
  }

  /// The next region, or nil behind the last.
  mutating func next() -> MemoryRegion? {
    guard unsafe index < regions.count else { return nil }
    defer { index += 1 }
    return unsafe regions[index]
  }
}
