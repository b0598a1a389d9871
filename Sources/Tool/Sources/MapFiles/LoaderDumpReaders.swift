// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

/// Tables whose lines all have one form, in logs whose other lines are ignored.
extension MapFile {
  /// Reads what GRUB's `lsmmap` prints.
  mutating func readGRUB(_ lines: SourceLines) throws(LineError) {
    for line in lines {
      if let entry = try line.grubEntry() { entries.append(entry) }
    }
  }

  /// Reads the map in coreboot's log; of several maps the last one counts.
  mutating func readCoreboot(_ lines: SourceLines) throws(LineError) {
    var tableCount = 0
    for line in lines {
      guard let (index, entry) = try line.corebootEntry() else { continue }
      if index == 0 {
        tableCount += 1
        entries = []
      }
      entries.append(entry)
    }
    if tableCount > 1 { notes.append("the log has \(tableCount) tables; this is the last one") }
  }

  /// Reads the BIOS's map as FreeBSD prints it, in its log or by `sysctl machdep.smap`.
  mutating func readSMAP(_ lines: SourceLines) throws(LineError) {
    for line in lines {
      if let entry = try line.smapEntry() { entries.append(entry) }
    }
  }
}

extension SourceLine {
  /// Whether the line is from GRUB's `lsmmap`.
  var isOfGRUB: Bool { text.has(Self.grubMarker) }

  private static var grubMarker: String { "base_addr = " }

  /// `base_addr = START, length = SIZE, NAME`, or `type = NUMBER` for a type without a name.
  fileprivate func grubEntry() throws(LineError) -> MapFile.Entry? {
    var scanner = TextScanner(text)
    guard scanner.skip(past: Self.grubMarker) else { return nil }
    guard let start = scanner.hexadecimal(), scanner.skip(", length = "),
      let byteCount = scanner.hexadecimal(), scanner.skip(", ")
    else { throw error("a line of lsmmap is base_addr = START, length = SIZE, TYPE") }
    let name = scanner.rest
    let kind: MemoryKind
    if scanner.skip("type = ") {
      guard let type = scanner.hexadecimal(), let type = UInt32(exactly: type),
        scanner.rest.isEmpty
      else { throw error("no number of a type of memory: \(name)") }
      kind = E820.kind(ofType: type)
    } else {
      guard let known = Self.grubKinds[name] else {
        throw error("no such type of GRUB's memory: \(name)")
      }
      kind = known
    }
    return try entry(from: start, byteCount: byteCount, kind, name)
  }

  private static let grubKinds: [Substring: MemoryKind] = [
    "available RAM": .usable, "reserved RAM": .reserved,
    "ACPI reclaimable RAM": .acpiReclaimable,
    "ACPI non-volatile storage RAM": .acpiNonVolatile, "faulty RAM (BadRAM)": .unusable,
    "persistent RAM": .persistent, "persistent RAM (legacy)": .persistent,
    "RAM holding coreboot tables": .reserved, "RAM holding firmware code": .reserved,
  ]

  /// Whether the line is of coreboot's map.
  var isOfCoreboot: Bool { corebootScanner != nil }

  /// The line's number in the map, and the text after it.
  private var corebootScanner: (index: Int, scanner: TextScanner)? {
    var scanner = TextScanner(text)
    scanner.skipSpaces()
    // The level of the message.
    if scanner.skip("[") { _ = scanner.text(upTo: "]") }
    scanner.skipSpaces()
    // Addresses have 16 digits.
    guard let index = scanner.decimal(), scanner.skip(". "), scanner.rest.hasPrefix("00") else {
      return nil
    }
    return (index, scanner)
  }

  /// `NUMBER. START-LAST: NAME`.
  fileprivate func corebootEntry() throws(LineError) -> (index: Int, entry: MapFile.Entry)? {
    guard let (index, front) = corebootScanner else { return nil }
    var scanner = front
    guard let start = scanner.hexadecimal(), scanner.skip("-"),
      let last = scanner.hexadecimal(), scanner.skip(": ")
    else { throw error("a line of coreboot's map is NUMBER. START-LAST: TYPE") }
    guard let kind = Self.corebootKinds[scanner.rest] else {
      throw error("no such type of coreboot's memory: \(scanner.rest)")
    }
    let range = try self.range(from: start, through: last)
    return (
      index,
      MapFile.Entry(
        line: number, region: MemoryRegion(range: range, kind: kind),
        kindName: String(scanner.rest))
    )
  }

  /// Memory of programs that still run, or stay resident, is not for the kernel.
  private static let corebootKinds: [Substring: MemoryKind] = [
    "RAM": .usable, "RAMSTAGE": .usable, "RESERVED": .reserved, "ACPI": .acpiReclaimable,
    "NVS": .acpiNonVolatile, "UNUSABLE": .unusable, "VENDOR RESERVED": .reserved,
    "CONFIGURATION TABLES": .reserved, "SOFT RESERVED": .softReserved, "BL31": .reserved,
    "OPENSBI": .reserved, "PAYLOAD": .reserved,
  ]

  /// Whether the line is of FreeBSD's map.
  var isOfSMAP: Bool { text.has(Self.smapMarker) }

  private static var smapMarker: String { "SMAP type=" }

  /// `SMAP type=TYPE base=START len=SIZE`, or with commas and attributes.
  fileprivate func smapEntry() throws(LineError) -> MapFile.Entry? {
    var scanner = TextScanner(text)
    guard scanner.skip(past: Self.smapMarker) else { return nil }
    guard let type = scanner.hexadecimal(), let type = UInt32(exactly: type),
      scanner.skip(past: " base="), let start = scanner.hexadecimal(),
      scanner.skip(past: " len="), scanner.rest.count >= 16, let byteCount = scanner.hexadecimal()
    else { throw error("a line of the map is SMAP type=TYPE base=START len=SIZE") }
    return try entry(from: start, byteCount: byteCount, E820.kind(ofType: type), "type \(type)")
  }

  /// An entry given by its start and size.
  private func entry(
    from start: UInt64, byteCount: UInt64, _ kind: MemoryKind, _ name: some StringProtocol
  ) throws(LineError) -> MapFile.Entry {
    MapFile.Entry(
      line: number,
      region: MemoryRegion(range: try range(from: start, byteCount: byteCount), kind: kind),
      kindName: String(name))
  }
}
