// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// A range of bytes or of pages that prints itself as a range of addresses.
public protocol AddressSpan {
  /// Prints `START-LAST` with addresses in hexadecimal, the last one included.
  func write(to sink: inout some TextSink)

  /// Prints the size.
  func writeByteCount(to sink: inout some TextSink)
}

extension AddressRange: AddressSpan {
  /// Prints `START-LAST` with addresses in hexadecimal, the last one included.
  ///
  /// An empty range has no last address; dots are printed instead.
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
  /// Prints `START-LAST` with addresses in hexadecimal, the last one included.
  public func write(to sink: inout some TextSink) {
    // Wraps to 0 only at the top of the address space; subtracting 1 then gives the last address.
    let end = self.end.number &<< PageFrame.byteCountShift
    sink.write(
      addressesFrom: start.number &<< PageFrame.byteCountShift, through: end &- 1)
  }

  /// Prints the size.
  public func writeByteCount(to sink: inout some TextSink) {
    // The size of all pages in the address space does not fit in 64 bits.
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
