import PhysicalMemory

/// Memory whose pages can be filled and compared, as a test of the memory does.
///
/// Each call has to reach every word of the page: neither compiler nor anything else may leave an
/// access out because the value seems to be known.
public protocol TestableMemory {
  /// Fills `page` with `pattern`, over and over.
  mutating func fill(_ page: PageFrame, with pattern: UInt64)

  /// Whether `page` holds `pattern`, over and over.
  mutating func holds(_ pattern: UInt64, in page: PageFrame) -> Bool
}
