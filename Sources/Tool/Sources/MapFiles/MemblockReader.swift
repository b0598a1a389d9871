// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Lines in which the early allocators of Linux and U-Boot print their tables.
extension SourceLine {
  /// `memory[NUMBER] [START-LAST], SIZE bytes on node N flags: FLAGS`, or the same with `reserved`,
  /// or `memory.cnt = COUNT` in front of these lines; nil for any other line.
  ///
  /// U-Boot's numbers are decimal, and its flags may also be names.
  func memblockLine() throws(LineError) -> KernelLogLine? {
    if let count = try memblockCount() { return count }
    var scanner = TextScanner(text)
    let isMemory = text.has(" memory[")
    guard scanner.skip(past: isMemory ? " memory[" : " reserved["),
      scanner.rest.first?.isHexDigit == true
    else { return nil }
    let form = "a line is memory[NUMBER] [START-LAST], SIZE bytes flags: FLAGS"
    guard scanner.hexadecimal() != nil, scanner.skip("]") else { throw error(form) }
    scanner.skipSpaces()
    guard scanner.skip("["), let start = scanner.hexadecimal(), scanner.skip("-"),
      let last = scanner.hexadecimal(), scanner.skip("],")
    else { throw error(form) }
    scanner.skipSpaces()
    guard let byteCount = scanner.hexadecimal(), scanner.skip(" bytes") else { throw error(form) }
    let range = try self.range(from: start, through: last)
    guard range.byteCount == byteCount else {
      throw error("the range has \(hex(range.byteCount)) bytes, and not \(hex(byteCount))")
    }
    _ = scanner.skip(",")
    var node: Int?
    if scanner.skip(" on node ") {
      guard let number = scanner.decimal(), number < NodeMemory.nodeLimit else {
        throw error("no number of a node in this line")
      }
      node = number
    }
    scanner.skipSpaces()
    guard scanner.skip("flags:") else { throw error(form) }
    scanner.skipSpaces()
    guard !scanner.rest.isEmpty else { throw error(form) }
    guard isMemory else { return .held(range) }
    // Linux's flag bits: 0 for memory that is hot-pluggable, 2 for memory that must not be mapped.
    let isNamedUnmapped = scanner.rest.has("no-map")
    let flags = scanner.hexadecimal() ?? 0
    return .memory(
      try entry(range, isNamedUnmapped || flags & 0b100 != 0 ? "no-map" : "usable"), node: node,
      isHotPluggable: flags & 0b1 != 0)
  }

  /// `memory.cnt = COUNT`, or `reserved.cnt`, which newer versions of U-Boot call `count`; nil for any
  /// other line.
  private func memblockCount() throws(LineError) -> KernelLogLine? {
    for list in MemblockCounts.List.allCases {
      for word in ["cnt", "count"] {
        var scanner = TextScanner(text)
        guard scanner.skip(past: " \(list.rawValue).\(word)") else { continue }
        scanner.skipSpaces()
        guard scanner.skip("= 0x"), let count = scanner.hexadecimal().flatMap({ Int(exactly: $0) })
        else { throw error("the number of ranges is \(list.rawValue).\(word) = COUNT, with 0x") }
        return .count(list, count)
      }
    }
    return nil
  }

  /// `node N: [mem START-LAST]`; nil for any other line.
  func earlyNodeLine() throws(LineError) -> KernelLogLine? {
    var scanner = TextScanner(text)
    guard scanner.skip(past: " node ") else { return nil }
    scanner.skipSpaces()
    guard let node = scanner.decimal(), scanner.skip(": ") else { return nil }
    guard node < NodeMemory.nodeLimit, scanner.skip("[mem "), let start = scanner.hexadecimal(),
      scanner.skip("-"), let last = scanner.hexadecimal(), scanner.skip("]")
    else { throw error("a line of the nodes' memory is node N: [mem START-LAST]") }
    return .memory(try entry(try range(from: start, through: last), "usable"), node: node)
  }
}
