// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

extension TaggedRange: TableLine where Bounds: AddressSpan, Tag == MemoryKind {
  /// Prints `START-LAST KIND SIZE` with addresses in hexadecimal, the last one included.
  ///
  /// An empty region has no last address; dots are printed instead.
  public func write(to sink: inout some TextSink) {
    bounds.write(to: &sink)
    sink.write(" ")
    let name = kind.name
    sink.write(name)
    for _ in name.utf8CodeUnitCount..<14 { sink.write(" ") }
    bounds.writeByteCount(to: &sink)
  }
}

extension TaggedRange where Bounds == PageRange, Tag == NodeID {
  /// Prints `node NUMBER FIRST-LAST SIZE` with page frame numbers in hexadecimal, the last one
  /// included.
  public func write(to sink: inout some TextSink) {
    sink.write("node ")
    sink.write(decimal: UInt(node.rawValue))
    sink.write(" ")
    sink.write(hexadecimal: pages.start.number, minimumDigitCount: 9)
    sink.write("-")
    // No range of a node map is empty.
    sink.write(hexadecimal: pages.end.number &- 1, minimumDigitCount: 9)
    sink.write(" ")
    sink.write(byteCount: pages.pageCount << PageFrame.byteCountShift)
  }
}
