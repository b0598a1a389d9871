import PhysicalMemory

/// Memory whose words can be written and read back, as a test of the memory does.
///
/// Each call has to reach the memory: neither compiler nor anything else may leave it out because
/// the value seems to be known.
public protocol TestableMemory {
  /// Writes `word` at `address`, a multiple of 8.
  mutating func store(_ word: UInt64, at address: PhysicalAddress)

  /// Reads the word at `address`, a multiple of 8.
  mutating func load(at address: PhysicalAddress) -> UInt64
}
