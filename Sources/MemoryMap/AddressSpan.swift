// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A range that prints itself by its addresses, whether it counts bytes or pages.
public protocol AddressSpan {
  /// Prints `START-LAST`, addresses in hexadecimal, the last one included.
  func write(to sink: inout some TextSink)

  /// Prints the size.
  func writeByteCount(to sink: inout some TextSink)
}

extension AddressRange: AddressSpan {
  /// Prints `START-LAST`, addresses in hexadecimal, the last one included.
  ///
  /// A range without a byte has no last address: dots stand in its place.
  public func write(to sink: inout some TextSink) {
    if let last {
      sink.write(addressesFrom: start.rawValue, through: last.rawValue)
    } else {
      sink.write(hexadecimal: start.rawValue, minimumDigitCount: 16)
      sink.write("-................")
    }
  }

  /// Prints the size.
  public func writeByteCount(to sink: inout some TextSink) {
    sink.write(byteCount: byteCount)
  }
}

extension PageRange: AddressSpan {
  /// Prints `START-LAST`, addresses in hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    // Wraps only at the top of the address space, where the last address is the one in front of 0.
    let end = self.end.number &<< PageFrame.byteCountShift
    sink.write(
      addressesFrom: start.number &<< PageFrame.byteCountShift, through: end &- 1)
  }

  /// Prints the size.
  public func writeByteCount(to sink: inout some TextSink) {
    // All 2^52 pages have a size that does not fit 64 bits.
    if pageCount == PageFrame.end.number { return sink.write("16 EiB") }
    sink.write(byteCount: pageCount &<< PageFrame.byteCountShift)
  }
}

extension TextSink {
  /// Writes `FIRST-LAST` in hexadecimal.
  package mutating func write(addressesFrom first: UInt64, through last: UInt64) {
    write(hexadecimal: first, minimumDigitCount: 16)
    write("-")
    write(hexadecimal: last, minimumDigitCount: 16)
  }
}
