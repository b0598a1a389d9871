// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

/// The output of the demonstration kernel: the map as given, the command line, and what the kernel
/// learned from memory that this host does not have.
extension MapFile {
  /// The line above the map.
  static var demonstrationHeading: String { "memory map as given:" }

  /// Reads what the kernel printed; other lines are ignored.
  ///
  /// Regions, held ranges, ranges of nodes and hot-pluggable ranges appear there as
  /// ``MemoryRegion``, ``OwnedRange``, ``NodePages`` and ``HotPluggableMemory`` print themselves.
  /// The bitmaps are left out: they are boot memory's own.
  mutating func readDemonstration(_ lines: SourceLines) throws(LineError) {
    var section = DemonstrationSection.other
    var hasCommandLine = false
    var isBehindReport = false
    for line in lines {
      // Where calls are recorded, all other lines are comments.
      let line = line.text.hasPrefix("# ") ? line.dropFirst(2) : line
      if line.text.hasPrefix("  ") {
        switch section {
        case .map: entries.append(try line.region())
        case .held: if let range = try line.heldRange() { heldRanges.append(range) }
        case .nodes: nodes.append(try line.nodePages())
        case .hotPluggable: hotPluggable.append(try line.hotPluggableRange())
        case .other: break
        }
        continue
      }
      section = DemonstrationSection(heading: line.text)
      // Under UEFI, what returns the cursor to the start of the line precedes the first line.
      var scanner = TextScanner(line.text.drop { ($0.asciiValue ?? 0x20) < 0x20 })
      if section == .map {
        entries = []
      } else if scanner.skip("swift-bootmem on ") {
        kernel = DemonstrationKernel(processorName: String(scanner.rest))
        // On other processors a device tree describes the memory.
        let isX86 = scanner.rest == "i386" || scanner.rest == "x86_64"
        memoryLimitMeaning = isX86 ? .endAddress : .amount
      } else if scanner.skip("reach: pages ") {
        try line.checkPageSize(&scanner)
        if scanner.skip("below "), let end = scanner.hexadecimal() {
          kernel?.reach = PageFrame(min(end, PageFrame.end.number))
        }
      } else if section == .nodes, scanner.skip("nodes: "), let count = scanner.decimal(),
        scanner.skip(", with storage for "), let capacity = scanner.decimal()
      {
        kernel?.nodeCount = min(max(count, 1), NodeMemory.nodeLimit)
        kernel?.nodeCapacity = min(max(capacity, 1), NodeMemory.nodeLimit)
      } else if scanner.skip("command line: "), !hasCommandLine {
        commandLine = String(scanner.rest)
        hasCommandLine = true
      }
      // All other reports are computed here.
      if line.text.hasPrefix("firmware: ") || isBehindReport && line.isOfMoreReports {
        notes.append(String(line.text))
        isBehindReport = true
      } else {
        isBehindReport = false
      }
    }
  }
}

/// A part of the output whose lines begin with two spaces.
private enum DemonstrationSection {
  case map, held, nodes, hotPluggable, other

  init(heading: Substring) {
    switch heading {
    case MapFile.demonstrationHeading[...]: self = .map
    case "held before the first allocation:": self = .held
    case "hot-pluggable memory:": self = .hotPluggable
    default:
      self = heading.hasPrefix("nodes: ") && heading.has("storage for") ? .nodes : .other
    }
  }
}

extension SourceLine {
  /// The line without the first characters.
  fileprivate func dropFirst(_ count: Int) -> SourceLine {
    SourceLine(number: number, text: text.dropFirst(count))
  }

  /// Whether the line counts the reports that were left out.
  fileprivate var isOfMoreReports: Bool {
    text.hasPrefix("and ") && text.hasSuffix(" more reports of this kind")
  }

  /// `  START-LAST KIND SIZE`.
  fileprivate func region() throws(LineError) -> MapFile.Entry {
    let form = "a line of the map is START-LAST KIND SIZE"
    var scanner = TextScanner(text)
    let range = try self.range(&scanner, form)
    guard let name = scanner.text(upTo: " ") else { throw error(form) }
    return try entry(range, name)
  }

  /// `  START-LAST OWNER`; nil for a bitmap.
  fileprivate func heldRange() throws(LineError) -> OwnedRange? {
    let form = "a line of what is held is START-LAST OWNER"
    var scanner = TextScanner(text)
    let range = try self.range(&scanner, form)
    guard let owner = MemoryOwner(spelling: scanner.rest) else {
      throw error("no such owner of memory: \(scanner.rest)")
    }
    if case .bitmap = owner { return nil }
    return OwnedRange(range: range, owner: owner)
  }

  /// `  node NUMBER FIRST-LAST SIZE`, in pages.
  fileprivate func nodePages() throws(LineError) -> NodeMemory {
    var scanner = TextScanner(text)
    scanner.skipSpaces()
    guard scanner.skip("node "), let node = scanner.decimal(), node < NodeMemory.nodeLimit,
      scanner.skip(" "), let first = scanner.hexadecimal(), scanner.skip("-"),
      let last = scanner.hexadecimal(), first <= last, last < PageFrame.end.number,
      let range = AddressRange(PageRange(PageFrame(first)...PageFrame(last)))
    else { throw error("a line of a node is node NUMBER FIRST-LAST SIZE") }
    return NodeMemory(
      line: number, node: node, proximityDomain: UInt64(node), range: range, isHotPluggable: false)
  }

  /// `  START-LAST SIZE`.
  fileprivate func hotPluggableRange() throws(LineError) -> AddressRange {
    var scanner = TextScanner(text)
    return try range(&scanner, "a line of hot-pluggable memory is START-LAST SIZE")
  }

  /// Skips `of SIZE `, which is there if the kernel's pages are not of 4 KiB.
  ///
  /// - Throws: An error if they are not as large as this program's: the kernel's page counts would
  ///   then mean something else.
  fileprivate func checkPageSize(_ scanner: inout TextScanner) throws(LineError) {
    var kibibyteCount = 4
    if scanner.skip("of ") {
      guard let count = scanner.decimal(), scanner.skip(" KiB ") else {
        throw error("the reach of the kernel is pages of SIZE KiB below END")
      }
      kibibyteCount = count
    }
    guard kibibyteCount == PageFrame.byteCount >> 10 else {
      throw error("the kernel has pages of \(kibibyteCount)K: --page-size \(kibibyteCount)K")
    }
  }

  /// The range that the line begins with, where dots stand for an empty region's last address;
  /// skips the spaces after it.
  private func range(
    _ scanner: inout TextScanner, _ form: String
  ) throws(LineError) -> AddressRange {
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
    return range
  }
}
