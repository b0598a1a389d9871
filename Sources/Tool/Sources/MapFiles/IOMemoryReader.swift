// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads `/proc/iomem`: lines `START-LAST : NAME`, with what lies inside a range indented below
  /// it.
  ///
  /// Names that are not kinds of memory belong to devices and are left out.
  mutating func readIOMemory(_ lines: SourceLines) throws(LineError) {
    var deviceCount = 0
    var hasAddress = false
    for line in lines where !line.isBlank {
      guard let (start, last, name) = line.ioMemory else {
        throw line.error("a line of /proc/iomem is START-LAST : NAME")
      }
      if last != 0 { hasAddress = true }
      guard MemoryKind(spelling: name) != nil else {
        deviceCount += 1
        continue
      }
      entries.append(try line.entry(try line.range(from: start, through: last), name))
    }
    if let first = entries.first?.line, !hasAddress {
      throw LineError(first, "all addresses are 0: the kernel shows them only to root")
    }
    if deviceCount > 0 { notes.append("\(deviceCount) ranges of devices are left out") }
  }
}

extension SourceLine {
  /// The parts of a line of `/proc/iomem`; nil for any other line.
  var ioMemory: (start: UInt64, last: UInt64, name: Substring)? {
    var scanner = TextScanner(text)
    scanner.skipSpaces()
    guard let start = scanner.hexadecimal(), scanner.skip("-"), let last = scanner.hexadecimal(),
      scanner.skip(" : ")
    else { return nil }
    return (start, last, scanner.rest)
  }
}
