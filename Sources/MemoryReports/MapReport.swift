import MapFiles
import MemoryMap
import PhysicalMemory
import TextOutput

/// A memory map as given and as sanitised, ready to be shown.
public struct MapReport {
  /// The name of the file.
  public let name: String

  /// What is in it.
  public let file: MapFile

  /// What a kernel can rely on of it.
  public let sanitized: SanitizedMap

  /// Sanitises the map in `file`.
  public init(name: String, file: MapFile) {
    self.name = name
    self.file = file
    sanitized = SanitizedMap(file.regions)
  }

  /// The ranges of usable pages as `FIRST LAST`, hexadecimal, the last page included, one a line.
  public var ranges: String {
    var text = ""
    for pages in sanitized.map.usablePages() {
      text += String(pages.start.number, radix: 16)
      text += " \(String(pages.end.number - 1, radix: 16))\n"
    }
    return text
  }
}

/// A number of bytes as a person reads it.
public func sizeText(_ byteCount: UInt64) -> String {
  var sink = StringSink()
  sink.write(byteCount: byteCount)
  return sink.text
}

/// A number as an address: hexadecimal digits, with zeros in front up to `digitCount`.
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
