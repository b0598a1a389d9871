import TextOutput

/// Why a memory map could not be made.
public enum MemoryMapError: Error, Equatable {
  /// The list of regions as given has no room for all of them; it must hold `needed`.
  case regionListFull(capacity: Int, needed: Int)

  /// The map has no room for all of its regions; it must hold `needed`.
  case memoryMapFull(capacity: Int, needed: Int)

  /// Prints the error as a sentence without a line end.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .regionListFull(let capacity, let needed):
      sink.write("list of memory regions is full: it holds ")
      sink.write(decimal: UInt(capacity))
      sink.write(", needs to hold ")
      sink.write(decimal: UInt(needed))
    case .memoryMapFull(let capacity, let needed):
      sink.write("memory map is full: it holds ")
      sink.write(decimal: UInt(capacity))
      sink.write(", needs to hold ")
      sink.write(decimal: UInt(needed))
    }
  }
}
