// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// Why boot memory could not be set up.
public enum BootPlanError: Error, Equatable {
  /// The table of owners is full; its storage must be larger than this.
  case ownerTableFull(capacity: Int)

  /// No free stretch of usable memory is long enough for a bitmap.
  case noRoomForBitmap(node: NodeID, pageCount: UInt64)

  /// The map has no usable page within the kernel's reach.
  case noUsableMemory

  /// Boot memory refused a call.
  case bootMemory(BootMemoryError)

  /// Writes the error as a sentence without a newline.
  public func write(to sink: inout some TextSink) {
    switch self {
    case .ownerTableFull(let capacity):
      sink.write("table of owners is full: it holds ")
      sink.write(decimal: UInt(capacity))
      sink.write(" ranges and has to hold more")
    case .noRoomForBitmap(let node, let pageCount):
      sink.write("no room for the bitmap of node ")
      sink.write(decimal: node.rawValue.magnitude)
      sink.write(", which needs ")
      sink.write(decimal: pageCount)
      sink.write(" free pages in a row")
    case .noUsableMemory:
      sink.write("the memory map has no usable page within reach")
    case .bootMemory(let error):
      error.write(to: &sink)
    }
  }
}
