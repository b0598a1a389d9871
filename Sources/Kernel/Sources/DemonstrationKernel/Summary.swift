// SPDX-License-Identifier: MIT
import TextOutput

/// The figures that a run ends with, for machines to read; all but the first in pages.
struct Summary {
  /// The number of nodes, with those that have no memory.
  let nodeCount: UInt64

  /// Whole pages of usable memory in the sanitised map, as far as the kernel reaches.
  var usable: UInt64 = 0

  /// Pages of those that were reserved right before the hand-over.
  var reserved: UInt64 = 0

  /// Pages of those that were free right before the hand-over.
  var free: UInt64 = 0

  /// Pages that the hand-over released.
  var released: UInt64 = 0

  /// Writes `summary: nodes=N usable=P reserved=P free=P released=P` and a line end.
  func write(to sink: inout some TextSink) {
    sink.write("summary: nodes=")
    sink.write(decimal: nodeCount)
    sink.write(" usable=")
    sink.write(decimal: usable)
    sink.write(" reserved=")
    sink.write(decimal: reserved)
    sink.write(" free=")
    sink.write(decimal: free)
    sink.write(" released=")
    sink.write(decimal: released)
    sink.write("\n")
  }
}
