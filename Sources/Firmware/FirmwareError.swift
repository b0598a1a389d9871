// SPDX-License-Identifier: MIT
import MemoryMap
import TextOutput

/// Why the data that firmware or loader handed over could not be read.
public enum FirmwareError: Error {
  /// A structure that is required is missing, out of reach or damaged.
  case unreadable(FirmwareProblem)

  /// The regions of memory do not fit into the caller's storage.
  case memoryMap(MemoryMapError)

  /// The held ranges do not fit into the caller's storage, which must have room for `needed`.
  case heldRangesFull(capacity: Int, needed: Int)

  /// The caller's storage does not have room for the numbers of all nodes; room for `sufficient` is
  /// enough.
  case nodesFull(capacity: Int, sufficient: Int)

  /// The names of the reservations that a device tree asks for do not fit into the caller's
  /// storage, which must hold `needed` bytes.
  case namesFull(capacity: Int, needed: Int)

  /// Prints the error as a sentence without a newline.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .unreadable(let problem):
      problem.write(to: &sink)
    case .memoryMap(let error):
      error.write(to: &sink)
    case .heldRangesFull(let capacity, let needed):
      sink.write("list of held ranges is full: it holds ")
      sink.write(decimal: UInt(capacity))
      sink.write(", needs to hold ")
      sink.write(decimal: UInt(needed))
    case .namesFull(let capacity, let needed):
      sink.write("storage for names of reservations is full: it holds ")
      sink.write(decimal: UInt64(capacity))
      sink.write(" bytes, needs to hold ")
      sink.write(decimal: UInt64(needed))
    case .nodesFull(let capacity, let sufficient):
      sink.write("more than ")
      sink.write(decimal: UInt(capacity))
      sink.write(" nodes: there is no room for them; room for ")
      sink.write(decimal: UInt(sufficient))
      sink.write(" is enough")
    }
  }
}
