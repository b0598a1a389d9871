// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads what the UEFI Shell's `memmap` prints: lines `TYPE START-LAST PAGES ATTRIBUTES`; the
  /// sums after them are left out.
  ///
  /// Of several tables the last one counts.
  mutating func readEFIShell(_ lines: SourceLines) throws(LineError) {
    var isInTable = false
    var tableCount = 0
    for line in lines {
      if line.isEFIShellHeading {
        tableCount += 1
        entries = []
        isInTable = true
      } else if line.isBlank || line.text.contains(":") {
        // The sums, or a pause of the listing for a key.
        isInTable = false
      } else if isInTable || line.isOfEFIShell {
        entries.append(try line.efiShellEntry())
        isInTable = true
      }
    }
    if tableCount > 1 { notes.append("the text has \(tableCount) tables; this is the last one") }
  }
}

extension SourceLine {
  /// Whether the line is a descriptor, or the heading above them.
  var isOfEFIShell: Bool {
    if isEFIShellHeading { return true }
    let words = self.words
    guard words.count == 4 else { return false }
    var scanner = TextScanner(words[1])
    return EFISpelling.type(named: words[0]) != nil && scanner.hexadecimal() != nil
      && scanner.skip("-")
  }

  fileprivate var isEFIShellHeading: Bool { words.starts(with: ["Type", "Start", "End"]) }

  fileprivate func efiShellEntry() throws(LineError) -> MapFile.Entry {
    let form = "a descriptor is TYPE START-LAST PAGES ATTRIBUTES"
    let words = self.words
    guard words.count == 4 else { throw error(form) }
    var addresses = TextScanner(words[1])
    guard let start = addresses.hexadecimal(), addresses.skip("-"),
      let last = addresses.hexadecimal(), addresses.rest.isEmpty,
      let pageCount = UInt64(words[2], radix: 16),
      // A number that is cut off would still parse.
      words[3].count == 16, let attributes = UInt64(words[3], radix: 16)
    else { throw error(form) }
    let range = try self.range(from: start, through: last)
    guard range.byteCount >> 12 == pageCount, range.byteCount & 0xfff == 0 else {
      throw error("the range has \(hex(range.byteCount)) bytes, and not \(hex(pageCount)) pages")
    }
    // Types that manufacturers and loaders define are shown as eight digits.
    let type: UInt32
    if words[0].count == 8, let number = UInt32(words[0], radix: 16) {
      type = number
    } else {
      type = try efiType(words[0])
    }
    return MapFile.Entry(
      line: number,
      region: MemoryRegion(
        range: range, kind: EFISpelling.kind(ofType: type, attributes: attributes)),
      kindName: String(words[0]))
  }
}
