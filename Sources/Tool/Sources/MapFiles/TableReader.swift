// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads lines `START END TYPE`, hexadecimal, END exclusive; `#` starts a comment.
  ///
  /// With a fourth word, the list of attributes, TYPE is one of EFI's.
  mutating func readTable(_ lines: SourceLines) throws(LineError) {
    for line in lines {
      let words = line.wordsBeforeComment
      if words.isEmpty { continue }
      guard words.count == 3 || words.count == 4 else {
        throw line.error("a line of a table is START END TYPE, not \(words.count) words")
      }
      let start = try line.number(words[0], of: "START")
      let end = try line.end(words[1])
      let range = try line.range(from: start, to: end)
      if words.count == 3 {
        entries.append(try line.entry(range, words[2]))
      } else {
        let kind = EFISpelling.kind(
          ofType: try line.efiType(words[2]), attributes: EFISpelling.attributes(words[3]))
        entries.append(
          Entry(
            line: line.number, region: MemoryRegion(range: range, kind: kind),
            kindName: String(words[2])))
      }
    }
  }

  /// Reads lines `NODE DOMAIN START END FLAGS`, the numbers of nodes and domains decimal, the
  /// addresses hexadecimal, END exclusive; `#` starts a comment.
  mutating func readNodes(_ lines: SourceLines) throws(LineError) {
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
      let end = try line.end(words[3])
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
      throw error("\(name) is not a hexadecimal number of 64 bits: \(word)")
    }
    return value
  }

  fileprivate func end(_ word: Substring) throws(LineError) -> RangeEnd {
    var scanner = TextScanner(word)
    guard let end = scanner.hexadecimalEnd(), scanner.rest.isEmpty else {
      throw error("END is not a hexadecimal number up to 2^64: \(word)")
    }
    return end
  }
}
