// SPDX-License-Identifier: MIT
import MapFiles
import MemoryMap
import PhysicalMemory

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
