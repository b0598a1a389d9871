// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// The line above the map in the output of the demonstration kernel.
  static var demonstrationHeading: String { "memory map as given:" }

  /// Reads the map as given from the output of the demonstration kernel, which prints regions as
  /// ``MemoryRegion/write(to:)`` does; other lines are ignored.
  mutating func readDemonstration(_ lines: SourceLines) throws(LineError) {
    var isInside = false
    for line in lines {
      if line.text == Self.demonstrationHeading {
        entries = []
        isInside = true
      } else if !line.text.hasPrefix("  ") {
        isInside = false
      } else if isInside {
        entries.append(try line.region())
      }
    }
  }
}

extension SourceLine {
  /// `  START-LAST KIND SIZE`, with dots in place of an empty region's last address.
  fileprivate func region() throws(LineError) -> MapFile.Entry {
    let form = "a line of the map is START-LAST KIND SIZE"
    var scanner = TextScanner(text)
    scanner.skipSpaces()
    guard let start = scanner.hexadecimal(), scanner.skip("-") else { throw error(form) }
    let range: AddressRange
    if scanner.skip("................") {
      range = try self.range(from: start, to: .address(start))
    } else {
      guard let last = scanner.hexadecimal() else { throw error(form) }
      range = try self.range(from: start, through: last)
    }
    scanner.skipSpaces()
    guard let name = scanner.text(upTo: " ") else { throw error(form) }
    return try entry(range, name)
  }
}
