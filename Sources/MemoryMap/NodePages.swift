// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A range of pages and the node that it belongs to.
public struct NodePages: Hashable, Sendable, TableLine {
  /// The node.
  public let node: NodeID

  /// The pages.
  public let pages: PageRange

  /// Makes a range of a node.
  @inlinable
  public init(node: NodeID, pages: PageRange) {
    self.node = node
    self.pages = pages
  }

  /// Prints `node NUMBER FIRST-LAST SIZE` with page frame numbers in hexadecimal, the last one
  /// included.
  public func write(to sink: inout some TextSink) {
    sink.write("node ")
    sink.write(decimal: UInt(node.rawValue))
    sink.write(" ")
    sink.write(hexadecimal: pages.start.number, minimumDigitCount: 9)
    sink.write("-")
    // No range of a map of nodes is empty.
    sink.write(hexadecimal: pages.end.number &- 1, minimumDigitCount: 9)
    sink.write(" ")
    sink.write(byteCount: pages.pageCount << PageFrame.byteCountShift)
  }
}
