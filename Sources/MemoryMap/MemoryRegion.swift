import PhysicalMemory
import TextOutput

/// A range of physical addresses and what it is good for.
public struct MemoryRegion: Hashable, Sendable, TableLine {
  /// The addresses; may be empty where firmware says so.
  public let range: AddressRange

  /// What the memory there is good for.
  public let kind: MemoryKind

  /// Makes a region.
  @inlinable
  public init(range: AddressRange, kind: MemoryKind) {
    self.range = range
    self.kind = kind
  }

  /// Prints `START-LAST KIND SIZE` with addresses in hexadecimal, the last one included.
  ///
  /// A region without a byte has no last address: dots stand in its place.
  public func write(to sink: inout some TextSink) {
    range.write(to: &sink)
    sink.write(" ")
    sink.write(kind.name)
    for _ in kind.name.utf8CodeUnitCount..<14 { sink.write(" ") }
    sink.write(byteCount: range.byteCount)
  }
}
