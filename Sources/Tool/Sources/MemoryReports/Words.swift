// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// A number of bytes, for people to read.
public func sizeText(_ byteCount: UInt64) -> String {
  var sink = StringSink()
  sink.write(byteCount: byteCount)
  return sink.text
}

/// A number as an address: hexadecimal digits, padded with zeros to `digitCount`.
public func addressText(_ value: UInt64, digitCount: Int = 16) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digitCount - digits.count)) + digits
}

extension AddressRange {
  /// `START-LAST`, hexadecimal; an empty range has no last address, and dots in its place.
  public var text: String {
    "\(addressText(start.rawValue))-\(last.map { addressText($0.rawValue) } ?? "................")"
  }
}

extension OwnedRange {
  /// The name of the owner.
  public var name: String {
    var sink = StringSink()
    owner.write(to: &sink)
    return sink.text
  }
}

/// `1 region`, `2 regions`.
public func count(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

/// The section of a report that lists hot-pluggable memory; nothing where there is none.
func hotPluggableText(_ ranges: [AddressRange]) -> String {
  guard !ranges.isEmpty else { return "" }
  return "hot-pluggable:\n"
    + ranges.map { "  \($0.text) \(sizeText($0.byteCount))\n" }.joined()
}
