// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads the messages of a Linux kernel; lines that tell nothing of memory are ignored.
  ///
  /// Of a log with several boots, each of which starts with `Linux version`, the last one counts.
  /// The map is what the BIOS or the EFI stub told as e820; where there is none, EFI's own.
  mutating func readKernelLog(_ lines: SourceLines) throws(LineError) {
    var efiEntries: [Entry] = []
    var bootCount = 0
    for line in lines {
      if line.text.contains("Linux version ") {
        if !entries.isEmpty || !efiEntries.isEmpty { bootCount += 1 }
        entries = []
        efiEntries = []
        nodes = []
        commandLine = ""
      } else if let text = line.commandLine {
        // Some kernels print it twice.
        if commandLine.isEmpty { commandLine = String(text) }
      } else if let entry = try line.firmwareEntry() {
        entries.append(entry)
      } else if let entry = try line.efiEntry() {
        efiEntries.append(entry)
      } else if let memory = try line.affinity() {
        nodes.append(memory)
      }
    }
    if bootCount > 0 && !(entries.isEmpty && efiEntries.isEmpty) {
      notes.append("the log has \(bootCount + 1) boots; this is the last one")
    }
    if entries.isEmpty {
      entries = efiEntries
    } else if !efiEntries.isEmpty {
      notes.append("the \(efiEntries.count) descriptors of EFI's own map are left out")
    }
  }
}

extension SourceLine {
  /// Whether the line is one of those that ``MapFile/readKernelLog(_:)`` reads.
  var isOfKernelLog: Bool {
    Self.firmwareMarkers.contains { text.contains($0) } || efiScanner != nil
      || text.contains("SRAT: Node ") || text.contains("Linux version ")
  }

  /// What stands behind `Command line: `, or `Kernel command line: `, at the start of a message.
  fileprivate var commandLine: Substring? {
    for marker in ["Command line: ", "Kernel command line: "] {
      var scanner = TextScanner(text)
      guard scanner.skip(past: marker) else { continue }
      let front = text[..<scanner.rest.startIndex].dropLast(marker.count)
      // Behind a time stamp, a level, or the name of the log's source.
      guard let last = front.last(where: { $0 != " " }) else { return scanner.rest }
      if "]>:".contains(last) { return scanner.rest }
    }
    return nil
  }

  /// What stands before the lines of the map, by the BIOS call that it came from.
  private static var firmwareMarkers: [String] { ["BIOS-e820:", "BIOS-e801:", "BIOS-88:"] }

  /// `BIOS-e820: [mem START-LAST] TYPE`, or up to Linux 3.4 `BIOS-e820: START - END (TYPE)`.
  fileprivate func firmwareEntry() throws(LineError) -> MapFile.Entry? {
    var scanner = TextScanner(text)
    guard Self.firmwareMarkers.contains(where: { scanner.skip(past: $0) }) else { return nil }
    scanner.skipSpaces()
    let range: AddressRange
    let name: Substring
    if scanner.skip("[mem ") {
      guard let start = scanner.hexadecimal(), scanner.skip("-"),
        let last = scanner.hexadecimal(), scanner.skip("]")
      else { throw error("a line of the map is BIOS-e820: [mem START-LAST] TYPE") }
      range = try self.range(from: start, through: last)
      scanner.skipSpaces()
      name = scanner.rest
    } else {
      guard let start = scanner.hexadecimal(), scanner.skip(" - "),
        let end = scanner.hexadecimalEnd(), scanner.skip(" ("), scanner.rest.last == ")"
      else { throw error("a line of the map is BIOS-e820: START - END (TYPE)") }
      range = try self.range(from: start, to: end)
      name = scanner.rest.dropLast()
    }
    return try entry(range, name)
  }

  /// What stands behind `efi: memNN:`.
  private var efiScanner: TextScanner? {
    guard text.contains("efi: mem") || text.contains("EFI: mem") else { return nil }
    var scanner = TextScanner(text)
    guard scanner.skip(past: "efi: mem") || scanner.skip(past: "EFI: mem"),
      scanner.decimal() != nil, scanner.skip(":")
    else { return nil }
    scanner.skipSpaces()
    return scanner
  }

  /// `efi: memNN: [NAME|ATTRIBUTES] range=[START-LAST]`, or in older kernels
  /// `EFI: memNN: type=TYPE, attr=ATTRIBUTES, range=[START-END)`.
  fileprivate func efiEntry() throws(LineError) -> MapFile.Entry? {
    guard var scanner = efiScanner else { return nil }
    let name: Substring
    let type: UInt32
    let attributes: UInt64
    if scanner.skip("[") {
      let fields = (scanner.text(upTo: "]") ?? "").split(separator: "|")
      name = fields.first ?? ""
      type = try efiType(name)
      var scanner = TextScanner(fields.last ?? "")
      attributes =
        scanner.skip("attr=")
        ? scanner.hexadecimal() ?? 0 : EFISpelling.attributes(named: Array(fields.dropFirst()))
    } else {
      guard scanner.skip("type="), let number = scanner.decimal(), scanner.skip(", attr="),
        let value = scanner.hexadecimal()
      else { throw error("a descriptor is efi: memNN: [NAME|ATTRIBUTES] range=[START-LAST]") }
      name = "type \(number)"
      type = try efiType(name)
      attributes = value
    }
    guard scanner.skip(past: "range=["), let start = scanner.hexadecimal(), scanner.skip("-"),
      let end = scanner.hexadecimalEnd()
    else { throw error("a descriptor has no range=[START-LAST]") }
    let range = try self.range(from: start, to: end, isEndIncluded: !scanner.skip(")"))
    let kind = EFISpelling.kind(ofType: type, attributes: attributes)
    let trimmed = name.reversed().drop { $0 == " " }.reversed()
    return MapFile.Entry(
      line: number, region: MemoryRegion(range: range, kind: kind), kindName: String(trimmed))
  }

  /// `SRAT: Node N PXM P [mem START-LAST] FLAGS`, or in older kernels `… START-END`.
  fileprivate func affinity() throws(LineError) -> NodeMemory? {
    var scanner = TextScanner(text)
    guard text.contains("SRAT: Node "), scanner.skip(past: "SRAT: Node ") else { return nil }
    let form = "a line of the SRAT is SRAT: Node N PXM P [mem START-LAST]"
    guard let node = scanner.decimal(), node < NodeMemory.nodeLimit, scanner.skip(" PXM "),
      let domain = scanner.decimal()
    else { throw error(form) }
    scanner.skipSpaces()
    let isNew = scanner.skip("[mem ")
    guard let start = scanner.hexadecimal(), scanner.skip("-"),
      let end = scanner.hexadecimalEnd(), !isNew || scanner.skip("]")
    else { throw error(form) }
    let range = try range(from: start, to: end, isEndIncluded: isNew)
    return NodeMemory(
      line: number, node: node, proximityDomain: UInt64(domain), range: range,
      isHotPluggable: scanner.rest.contains("hotplug"))
  }
}
