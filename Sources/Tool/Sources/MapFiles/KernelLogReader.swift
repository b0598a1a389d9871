// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads the messages of a Linux kernel; lines that say nothing about memory are ignored.
  ///
  /// In a log of several boots, each of which starts with `Linux version`, the last one counts, and
  /// of several maps of a boot the one in force: the last e820 map, which the BIOS, the EFI stub or
  /// Xen reported and parameters or Linux itself changed; else EFI's own; else what is left of a
  /// map for the early allocator, or for the nodes.
  mutating func readKernelLog(_ lines: SourceLines) throws(LineError) {
    var maps = KernelLogMaps()
    var bootCount = 0
    var isOfNodes = false
    for line in lines {
      let wasOfNodes = isOfNodes
      isOfNodes = line.text.has(SourceLine.earlyNodesHeading)
      if line.text.has("Linux version ") {
        if !maps.isEmpty { bootCount += 1 }
        maps = KernelLogMaps()
        nodes = []
        commandLine = ""
      } else if let text = line.commandLine {
        // Some kernels print it twice.
        if commandLine.isEmpty { commandLine = String(text) }
      } else if line.text.has("physical RAM map:") {
        maps.beginE820()
      } else if let (entry, marker) = try line.firmwareEntry() {
        maps.append(.memory(entry, node: nil), of: .e820(marker))
      } else if let (entry, source) = try line.efiEntry() {
        maps.append(.memory(entry, node: nil), of: source)
      } else if let memory = try line.affinity() {
        nodes.append(memory)
      } else if line.text.has(SourceLine.memblockHeading) {
        maps.begin(.memblock)
      } else if let part = try line.memblockLine() {
        maps.append(part, of: .memblock)
      } else if isOfNodes {
        maps.begin(.earlyNodes)
      } else if wasOfNodes, let part = try line.earlyNodeLine() {
        maps.append(part, of: .earlyNodes)
        isOfNodes = true
      }
    }
    guard let map = maps.inForce else { return }
    if bootCount > 0 {
      notes.append("the log has \(bootCount + 1) boots; this is the last one")
    }
    if let note = maps.note { notes.append(note) }
    notes += map.notes
    entries = map.entries
    heldRanges = map.heldRanges
    hotPluggable = map.hotPluggable
    memoryLimitMeaning = map.source.memoryLimitMeaning
    if nodes.isEmpty, let other = maps.withNodes {
      nodes = other.nodes
      notes.append("the nodes are those of \(other.source.title)")
    }
  }
}

extension SourceLine {
  /// Whether the line is one of those that ``MapFile/readKernelLog(_:)`` reads.
  var isOfKernelLog: Bool {
    firmwareScanner != nil || efiScanner != nil
      || ["SRAT: Node ", "Linux version ", Self.memblockHeading, Self.earlyNodesHeading]
        .contains { text.has($0) }
  }

  /// The line before the tables of Linux's early allocator.
  fileprivate static var memblockHeading: String { "MEMBLOCK configuration:" }

  /// The line before the memory of each node.
  fileprivate static var earlyNodesHeading: String { "Early memory node ranges" }

  /// The text after `Command line: `, or `Kernel command line: `, at the start of a message.
  fileprivate var commandLine: Substring? {
    for marker in ["Command line: ", "Kernel command line: "] {
      var scanner = TextScanner(text)
      guard scanner.skip(past: marker) else { continue }
      let front = text[..<scanner.rest.startIndex].dropLast(marker.count)
      // After a time stamp, a level, or the name of the log's source.
      guard let last = front.last(where: { $0 != " " }) else { return scanner.rest }
      if "]>:".contains(last) { return scanner.rest }
    }
    return nil
  }

  /// The markers before the lines of a map, one for each BIOS call that it may come from.
  private static var firmwareMarkers: [String] { ["BIOS-e820:", "BIOS-e801:", "BIOS-88:"] }

  /// The markers before the lines of a map that others made, or Linux itself, in the order in which
  /// Linux may change the map: data that the loader handed over, parameters, and registers of the
  /// processor.
  private static var otherMarkers: [String] {
    ["Xen:", "Fixed:", "extended:", "reserve setup_data:", "user:", "modified:"]
  }

  /// The marker before a line of a map, and the text after it.
  private var firmwareScanner: (marker: String, scanner: TextScanner)? {
    for marker in Self.firmwareMarkers + Self.otherMarkers {
      var scanner = TextScanner(text)
      guard scanner.skip(past: marker) else { continue }
      scanner.skipSpaces()
      if Self.firmwareMarkers.contains(marker) { return (marker, scanner) }
      // Many messages have these words.  A line of a map may be cut off.
      var number = scanner
      let isNew = scanner.rest.hasPrefix("[mem ")
      let isOld = number.hexadecimal() != nil && number.skip(" - ")
      let isCutOff =
        scanner.rest.count > 1 && "[mem ".hasPrefix(scanner.rest)
        || scanner.rest.hasPrefix("0000") && number.rest.isEmpty
      if isNew || isOld || isCutOff { return (marker, scanner) }
    }
    return nil
  }

  /// `BIOS-e820: [mem START-LAST] TYPE`, or up to Linux 3.4 `BIOS-e820: START - END (TYPE)`, and
  /// the same after another marker.
  fileprivate func firmwareEntry() throws(LineError) -> (entry: MapFile.Entry, marker: String)? {
    guard let (marker, front) = firmwareScanner else { return nil }
    var scanner = front
    let range: AddressRange
    let name: Substring
    if scanner.skip("[mem ") {
      guard let start = scanner.hexadecimal(), scanner.skip("-"),
        let last = scanner.hexadecimal(), scanner.skip("]")
      else { throw error("a line of the map is \(marker) [mem START-LAST] TYPE") }
      range = try self.range(from: start, through: last)
      scanner.skipSpaces()
      name = scanner.rest
    } else {
      guard let start = scanner.hexadecimal(), scanner.skip(" - "),
        let end = scanner.hexadecimalEnd(), scanner.skip(" ("), scanner.rest.last == ")"
      else { throw error("a line of the map is \(marker) START - END (TYPE)") }
      range = try self.range(from: start, to: end)
      name = scanner.rest.dropLast()
    }
    return (try entry(range, name), marker)
  }

  /// The text after `efi: memNN:`, or after `efi:` before an address, and the source of such
  /// messages.
  private var efiScanner: (source: KernelLogMaps.Source, scanner: TextScanner)? {
    var scanner = TextScanner(text)
    guard scanner.skip(past: "efi: ") || scanner.skip(past: "EFI: ") else { return nil }
    scanner.skipSpaces()
    if scanner.rest.hasPrefix("0x") {
      // Such addresses are also found in messages of other kinds.
      var range = scanner
      guard range.hexadecimal() != nil, range.skip("-") else { return nil }
      return (.efiBesideTree, scanner)
    }
    guard scanner.skip("mem"), scanner.decimal() != nil, scanner.skip(":") else { return nil }
    scanner.skipSpaces()
    return (.efi, scanner)
  }

  /// `efi: memNN: [NAME|ATTRIBUTES] range=[START-LAST]`, or in older kernels
  /// `EFI: memNN: type=TYPE, attr=ATTRIBUTES, range=[START-END)`, or on processors with a device
  /// tree `efi: START-LAST [NAME|ATTRIBUTES]`.
  fileprivate func efiEntry() throws(LineError) -> (
    entry: MapFile.Entry, source: KernelLogMaps.Source
  )? {
    guard let (source, front) = efiScanner else { return nil }
    var scanner = front
    var frontRange: AddressRange?
    if source == .efiBesideTree {
      guard let start = scanner.hexadecimal(), scanner.skip("-"),
        let last = scanner.hexadecimal(), scanner.skip(" "), scanner.rest.contains("]")
      else { throw error("a descriptor is efi: START-LAST [NAME|ATTRIBUTES]") }
      frontRange = try self.range(from: start, through: last)
      scanner.skipSpaces()
    }
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
    let range: AddressRange
    if let frontRange {
      range = frontRange
    } else {
      guard scanner.skip(past: "range=["), let start = scanner.hexadecimal(), scanner.skip("-"),
        let end = scanner.hexadecimalEnd()
      else { throw error("a descriptor has no range=[START-LAST]") }
      range = try self.range(from: start, to: end, isEndIncluded: !scanner.skip(")"))
    }
    let kind = EFISpelling.kind(ofType: type, attributes: attributes)
    let trimmed = name.reversed().drop { $0 == " " }.reversed()
    let entry = MapFile.Entry(
      line: number, region: MemoryRegion(range: range, kind: kind), kindName: String(trimmed))
    return (entry, source)
  }

  /// `SRAT: Node N PXM P [mem START-LAST] FLAGS`, or in older kernels `… START-END`.
  fileprivate func affinity() throws(LineError) -> NodeMemory? {
    var scanner = TextScanner(text)
    guard text.has("SRAT: Node "), scanner.skip(past: "SRAT: Node ") else { return nil }
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
      isHotPluggable: scanner.rest.has("hotplug"))
  }
}
