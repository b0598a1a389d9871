// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads the map in the log of the hypervisor Xen; other lines, those of guests among them, are
  /// ignored.
  ///
  /// Of several maps the last one counts.
  mutating func readXenLog(_ lines: SourceLines) throws(LineError) {
    var mapCount = 0
    var hasLinuxLog = false
    for line in lines {
      if line.isXenHeading {
        mapCount += 1
        entries = []
      } else if let entry = try line.xenEntry() {
        entries.append(entry)
      } else if !line.text.hasPrefix(SourceLine.xenMarker), line.isOfKernelLog {
        hasLinuxLog = true
      }
    }
    if mapCount > 1 { notes.append("the log has \(mapCount) maps of Xen; this is the last one") }
    if hasLinuxLog {
      notes.append("the map is Xen's; that of Linux in this log is read with --form dmesg")
    }
  }
}

extension SourceLine {
  fileprivate static var xenMarker: String { "(XEN)" }

  fileprivate var isXenHeading: Bool {
    text.has(Self.xenMarker) && text.hasSuffix("RAM map:")
  }

  /// Whether the line belongs to a map in Xen's log.
  var isOfXenLog: Bool { isXenHeading || xenScanner != nil }

  /// The text after `(XEN)` and a time stamp, if it begins like a line of a map; nil otherwise.
  private var xenScanner: TextScanner? {
    guard text.has(Self.xenMarker) else { return nil }
    var scanner = TextScanner(text)
    guard scanner.skip(past: Self.xenMarker) else { return nil }
    scanner.skipSpaces()
    if scanner.isAtXenEntry { return scanner }
    guard scanner.skip("["), scanner.text(upTo: "]") != nil else { return nil }
    scanner.skipSpaces()
    return scanner.isAtXenEntry ? scanner : nil
  }

  /// `(XEN) [START, LAST] (TYPE)`, or up to Xen 4.13 `(XEN) START - END (TYPE)`.
  fileprivate func xenEntry() throws(LineError) -> MapFile.Entry? {
    guard var scanner = xenScanner else { return nil }
    let form = "a line of Xen's map is (XEN) [START, LAST] (TYPE)"
    let isNew = scanner.skip("[")
    guard let start = scanner.hexadecimal(), scanner.skip(isNew ? ", " : " - "),
      let end = scanner.hexadecimalEnd(), scanner.skip(isNew ? "] (" : " ("),
      scanner.rest.last == ")"
    else { throw error(form) }
    return try entry(
      try range(from: start, to: end, isEndIncluded: isNew), scanner.rest.dropLast())
  }
}

extension TextScanner {
  /// Whether an address of 16 digits, some of which may have been cut off, is next, with what
  /// comes after it in a line of a map.
  fileprivate var isAtXenEntry: Bool {
    var scanner = self
    let isNew = scanner.skip("[")
    guard scanner.rest.hasPrefix("0000"), scanner.hexadecimal() != nil else { return false }
    return scanner.rest.isEmpty || scanner.skip(isNew ? ", " : " - ")
  }
}
