// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads `/sys/firmware/memmap` as `grep . -r` prints it: lines `…/NUMBER/start:TEXT`, and
  /// likewise for `end`, which is included, and `type`.
  mutating func readFirmwareMemmap(
    _ lines: some Sequence<SourceLine>
  ) throws(LineError) {
    var parts: [Int: [String: SourceLine]] = [:]
    for line in lines where !line.isBlank {
      guard let (number, name, text) = line.memmapPart else {
        throw line.error("a line is NUMBER/start:0x…, NUMBER/end:0x… or NUMBER/type:NAME")
      }
      let part = SourceLine(number: line.number, text: text)
      guard parts[number, default: [:]].updateValue(part, forKey: name) == nil else {
        throw line.error("entry \(number) has its \(name) twice")
      }
    }
    for (number, part) in parts.sorted(by: { $0.key < $1.key }) {
      let line = part.values.map { $0.number }.min() ?? 1
      guard let start = part["start"], let end = part["end"], let type = part["type"] else {
        throw LineError(line, "entry \(number) is missing its start, end or type")
      }
      try add(start: start, last: end, type: type)
    }
  }

  private mutating func add(
    start: SourceLine, last: SourceLine, type: SourceLine
  ) throws(LineError) {
    func address(_ line: SourceLine) throws(LineError) -> UInt64 {
      var scanner = TextScanner(line.text)
      guard let value = scanner.hexadecimal(), scanner.rest.isEmpty else {
        throw line.error("no hexadecimal number of 64 bits: \(line.text)")
      }
      return value
    }
    let range = try last.range(from: try address(start), through: try address(last))
    var entry = try type.entry(range, type.text)
    entry.line = start.number
    entries.append(entry)
  }
}

extension SourceLine {
  /// The parts of `…/NUMBER/NAME:TEXT`; nil for any other line.
  var memmapPart: (number: Int, name: String, text: Substring)? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let path = text[..<colon].split(separator: "/")
    guard path.count >= 2, let number = Int(path[path.count - 2]), number >= 0,
      let name = path.last, ["start", "end", "type"].contains(name)
    else { return nil }
    return (number, String(name), text[text.index(after: colon)...])
  }
}
