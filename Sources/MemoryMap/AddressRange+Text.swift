// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

extension AddressRange {
  /// Prints `START-LAST`, addresses in hexadecimal, the last one included.
  ///
  /// A range without a byte has no last address: dots stand in its place.
  public func write(to sink: inout some TextSink) {
    sink.write(hexadecimal: start.rawValue, minimumDigitCount: 16)
    sink.write("-")
    if let last {
      sink.write(hexadecimal: last.rawValue, minimumDigitCount: 16)
    } else {
      sink.write("................")
    }
  }
}
