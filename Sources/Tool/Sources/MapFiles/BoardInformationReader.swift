// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory

extension MapFile {
  /// Reads what U-Boot's `bdinfo` prints: the banks of memory, and, as held, what its address
  /// allocator, lmb, has reserved.  Other lines are ignored.
  mutating func readBoardInformation(_ lines: SourceLines) throws(LineError) {
    memoryLimitMeaning = .amount
    var start: SourceLine.BoardNumber?
    var allocatorEntries: [Entry] = []
    var counts = MemblockCounts()
    for line in lines {
      if let number = try line.boardNumber() {
        if !number.isSize {
          if let start { throw LineError(start.line, "the bank has a start and no size") }
          start = number
          continue
        }
        guard let first = start else { throw line.error("the bank has a size and no start") }
        // A number that is cut off would still parse.
        guard first.digitCount < 16 || number.digitCount == 16 else {
          throw line.error("the size has \(number.digitCount) digits, and the start 16")
        }
        start = nil
        let range = try line.range(from: first.value, byteCount: number.value)
        var entry = try line.entry(range, "usable")
        entry.line = first.line
        entries.append(entry)
      } else if let part = try line.memblockLine() {
        switch part {
        case .memory(let entry, _, _): allocatorEntries.append(entry)
        case .count(let list, let count): counts[list] = count
        case .held(let range):
          heldRanges.append(
            OwnedRange(range: range, owner: .loader(.memoryReservation(heldRanges.count))))
        }
      }
    }
    if let start { throw LineError(start.line, "the bank has a start and no size") }
    notes += counts.notes(memory: allocatorEntries.count, reserved: heldRanges.count)
    if entries.isEmpty {
      entries = allocatorEntries
    } else if !allocatorEntries.isEmpty {
      notes.append(
        "the map is that of the banks; left out are the \(allocatorEntries.count) ranges of memory of "
          + "lmb")
    }
    if !heldRanges.isEmpty {
      notes.append("what lmb has reserved is held, U-Boot's own memory with it")
    }
  }
}

extension SourceLine {
  /// The start or the size of a bank of memory.
  fileprivate struct BoardNumber {
    var line: Int
    var value: UInt64
    var digitCount: Int
    var isSize: Bool
  }

  /// Whether the line describes a bank of memory.
  var isOfBoardInformation: Bool {
    boardScanner != nil || words.starts(with: ["DRAM", "bank", "="])
  }

  /// The key before the `=` of a bank's start or size, and the text after it.
  private var boardScanner: (key: String, scanner: TextScanner)? {
    for key in ["-> start ", "-> size ", "memstart ", "memsize "] {
      var scanner = TextScanner(text)
      scanner.skipSpaces()
      if scanner.skip(key) { return (key, scanner) }
    }
    return nil
  }

  /// `-> start = START` and `-> size = SIZE`, or on boards with one bank `memstart` and `memsize`.
  fileprivate func boardNumber() throws(LineError) -> BoardNumber? {
    guard let (key, front) = boardScanner else { return nil }
    var scanner = front
    scanner.skipSpaces()
    let isNumber = scanner.skip("= ") && scanner.rest.hasPrefix("0x")
    let digitCount = scanner.rest.count - 2
    guard isNumber, digitCount >= 8, let value = scanner.hexadecimal(), scanner.rest.isEmpty else {
      throw error("a line of bdinfo is \(key)= 0xNUMBER, of 8 or more digits")
    }
    return BoardNumber(
      line: number, value: value, digitCount: digitCount, isSize: key.has("size"))
  }
}
