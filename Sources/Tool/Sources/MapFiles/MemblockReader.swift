// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// Lines in which the early allocators of Linux and U-Boot print their tables.
extension SourceLine {
  /// `memory[NUMBER] [START-LAST], SIZE bytes on node N flags: FLAGS`, or the same of `reserved`; nil
  /// for any other line.
  ///
  /// U-Boot's numbers are decimal, and its flags also names.
  func memblockLine() throws(LineError) -> KernelLogLine? {
    var scanner = TextScanner(text)
    let isMemory = text.contains(" memory[")
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
    // Bit 2 of Linux's: memory that the kernel must not map.
    let isUnmapped =
      scanner.rest.contains("no-map") || (scanner.hexadecimal() ?? 0) & 0b100 != 0
    return .memory(
      try entry(range, isUnmapped ? "no-map" : "usable"), node: node)
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
