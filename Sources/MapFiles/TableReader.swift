import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads lines `START END TYPE`, hexadecimal, END exclusive; `#` starts a comment.
  ///
  /// With a fourth word, the list of attributes, TYPE is one of EFI's.
  mutating func readTable(_ lines: [SourceLine]) throws(LineError) {
    for line in lines {
      let words = line.wordsBeforeComment
      if words.isEmpty { continue }
      guard words.count == 3 || words.count == 4 else {
        throw line.error("a line of a table is START END TYPE, not \(words.count) words")
      }
      let start = try line.number(words[0], of: "START")
      let end = try line.number(words[1], of: "END")
      let range = try line.range(from: start, to: end)
      let kind: MemoryKind
      if words.count == 3 {
        guard let known = MemoryKind(spelling: words[2]) else {
          throw line.error("no such type of memory: \(words[2])")
        }
        kind = known
      } else {
        guard let type = EFIDescription.type(named: words[2]) else {
          throw line.error("no such type of EFI memory: \(words[2])")
        }
        let attributes = EFIDescription.attributes(words[3])
        kind = EFIDescription.kind(ofType: type, attributes: attributes)
      }
      entries.append(
        Entry(
          line: line.number, region: MemoryRegion(range: range, kind: kind),
          kindName: String(words[2])))
    }
  }

  /// Reads lines `NODE DOMAIN START END FLAGS`, the numbers of nodes and domains decimal, the
  /// addresses hexadecimal, END exclusive; `#` starts a comment.
  mutating func readNodes(_ lines: [SourceLine]) throws(LineError) {
    for line in lines {
      let words = line.wordsBeforeComment
      if words.isEmpty { continue }
      guard words.count == 5 else {
        throw line.error(
          "a line of a table of nodes is NODE DOMAIN START END FLAGS, not \(words.count) words")
      }
      guard let node = Int(words[0]), (0..<NodeMemory.nodeLimit).contains(node) else {
        throw line.error("no number of a node: \(words[0])")
      }
      guard let domain = UInt64(words[1]) else {
        throw line.error("no number of a proximity domain: \(words[1])")
      }
      let start = try line.number(words[2], of: "START")
      let end = try line.number(words[3], of: "END")
      let range = try line.range(from: start, to: end)
      let flags = words[4] == "-" ? [] : words[4].split(separator: "+")
      for flag in flags where flag != "hotplug" && flag != "non-volatile" {
        throw line.error("no such flag: \(flag)")
      }
      nodes.append(
        NodeMemory(
          line: line.number, node: node, proximityDomain: domain, range: range,
          isHotPluggable: flags.contains("hotplug")))
    }
  }
}

extension SourceLine {
  fileprivate var wordsBeforeComment: [Substring] {
    SourceLine(number: number, text: text.prefix { $0 != "#" }).words
  }

  fileprivate func number(_ word: Substring, of name: String) throws(LineError) -> UInt64 {
    var scanner = TextScanner(word)
    guard let value = scanner.hexadecimal(), scanner.rest.isEmpty else {
      throw error("\(name) is no hexadecimal number of 64 bits: \(word)")
    }
    return value
  }
}
