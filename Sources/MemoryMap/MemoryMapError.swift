// SPDX-License-Identifier: MIT
import TextOutput

/// Why a memory map could not be made: a table that the caller provides is too small.
public enum MemoryMapError: Error, Equatable {
  /// The list of memory regions must have room for `needed` regions.
  case regionListFull(capacity: Int, needed: Int)

  /// The map must have room for `needed` regions.
  case memoryMapFull(capacity: Int, needed: Int)

  /// The list of what the firmware says about nodes must have room for `needed` entries.
  case affinityListFull(capacity: Int, needed: Int)

  /// The list of memory that the firmware calls hot-pluggable must have room for `needed` ranges.
  case hotPluggableListFull(capacity: Int, needed: Int)

  /// Prints the error as a sentence without a line feed.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .regionListFull(let capacity, let needed):
      write("list of memory regions", capacity, needed, to: &sink)
    case .memoryMapFull(let capacity, let needed):
      write("memory map", capacity, needed, to: &sink)
    case .affinityListFull(let capacity, let needed):
      write("list of memory affinities", capacity, needed, to: &sink)
    case .hotPluggableListFull(let capacity, let needed):
      write("list of hot-pluggable memory", capacity, needed, to: &sink)
    }
  }

  private func write(
    _ table: StaticString, _ capacity: Int, _ needed: Int, to sink: inout some TextSink
  ) {
    sink.write(table)
    sink.write(" is full: it holds ")
    sink.write(decimal: UInt(capacity))
    sink.write(", needs to hold ")
    sink.write(decimal: UInt(needed))
  }
}
