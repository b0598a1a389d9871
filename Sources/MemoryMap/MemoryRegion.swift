// SPDX-License-Identifier: MIT
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
    kind.writeColumn(to: &sink)
    sink.write(byteCount: range.byteCount)
  }
}

/// A range of pages and what it is good for: what a ``MemoryMap`` is made of.
public struct PageRegion: Hashable, Sendable, TableLine {
  /// The pages; not empty.
  public let pages: PageRange

  /// What the memory there is good for.
  public let kind: MemoryKind

  /// Makes a region.
  @inlinable
  public init(pages: PageRange, kind: MemoryKind) {
    self.pages = pages
    self.kind = kind
  }

  /// Prints `START-LAST KIND SIZE` with addresses in hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    // Wraps only at the top of the address space, where the last address is the one in front of 0.
    let end = pages.end.number &<< PageFrame.byteCountShift
    sink.write(
      hexadecimal: pages.start.number &<< PageFrame.byteCountShift, minimumDigitCount: 16)
    sink.write("-")
    sink.write(hexadecimal: end &- 1, minimumDigitCount: 16)
    sink.write(" ")
    kind.writeColumn(to: &sink)
    // All 2^52 pages have a size that does not fit 64 bits.
    if pages.pageCount == PageFrame.end.number { return sink.write("16 EiB") }
    sink.write(byteCount: pages.pageCount &<< PageFrame.byteCountShift)
  }
}

extension MemoryKind {
  /// Writes the name as a column of a table.
  fileprivate func writeColumn(to sink: inout some TextSink) {
    sink.write(name)
    for _ in name.utf8CodeUnitCount..<14 { sink.write(" ") }
  }
}
