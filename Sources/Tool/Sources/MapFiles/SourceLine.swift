// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory

/// A line of a text file.
struct SourceLine {
  /// Its number, from 1.
  let number: Int

  /// Its text without the line end.
  let text: Substring

  /// Whether the line has nothing but spaces and tabs.
  var isBlank: Bool { text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } }

  /// The words, separated by spaces or tabs.
  var words: [Substring] { text.utf8.split { $0 == 0x20 || $0 == 0x09 }.map { Substring($0) } }

  /// An error about this line.
  func error(_ message: String) -> LineError { LineError(number, message) }
}

/// The lines of a text, made one by one; a carriage return before a line feed belongs to the line
/// end.
struct SourceLines: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  /// Where the next line begins; nil after the last.
  private var start: Int? = 0
  private var number = 0

  init(of bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func next() -> SourceLine? {
    guard let start else { return nil }
    let rest = bytes[start...]
    let end = rest.firstIndex(of: 0x0a)
    var line = rest[..<(end ?? rest.endIndex)]
    if line.last == 0x0d { line = line.dropLast() }
    self.start = end.map { $0 + 1 }
    number += 1
    return SourceLine(number: number, text: Substring(String(decoding: line, as: UTF8.self)))
  }
}

/// Ranges of addresses.
extension SourceLine {
  /// The range from `start` up to `end`, which is usually not included.
  func range(
    from start: UInt64, to end: RangeEnd, isEndIncluded: Bool = false
  ) throws(LineError) -> AddressRange {
    switch end {
    case .address(let last) where isEndIncluded:
      return try range(from: start, through: last)
    case .top where isEndIncluded:
      throw error("the last byte of the range is at 2^64, where there is no address")
    case .top:
      guard
        let range = AddressRange(
          first: PhysicalAddress(start), last: PhysicalAddress(.max))
      else { throw error("a range of all 2^64 bytes is more than a size can hold") }
      return range
    case .address(let end):
      guard
        let range = AddressRange(start: PhysicalAddress(start), end: PhysicalAddress(end))
      else { throw error("the range ends at \(hex(end)), before its start \(hex(start))") }
      return range
    }
  }

  /// The range from `start` to `last`, which is included.
  ///
  /// An empty range is written as one that ends a byte before its start, wrapping below 0: nothing
  /// else can be meant by 0 to 2^64 - 1, a size that no 64-bit field holds.
  func range(from start: UInt64, through last: UInt64) throws(LineError) -> AddressRange {
    if last &+ 1 == start { return try range(from: start, to: .address(start)) }
    guard
      let range = AddressRange(first: PhysicalAddress(start), last: PhysicalAddress(last))
    else { throw error("the range ends at \(hex(last)), before its start \(hex(start))") }
    return range
  }

  /// The range of `byteCount` bytes from `start` on.
  func range(from start: UInt64, byteCount: UInt64) throws(LineError) -> AddressRange {
    guard let range = AddressRange(start: PhysicalAddress(start), byteCount: byteCount) else {
      throw error("the range of \(hex(byteCount)) bytes from \(hex(start)) on ends beyond 2^64")
    }
    return range
  }

  /// An entry of the memory map, whose kind this line spells as `kindName`.
  func entry(
    _ range: AddressRange, _ kindName: some StringProtocol
  ) throws(LineError) -> MapFile.Entry {
    guard let kind = MemoryKind(spelling: kindName) else {
      throw error(
        "no such type of memory: \(kindName); there are \(MemoryKind.spellings), and typeN for "
          + "e820's number N")
    }
    return MapFile.Entry(
      line: number, region: MemoryRegion(range: range, kind: kind), kindName: String(kindName))
  }

  /// The number of the EFI memory type that this line calls `name`.
  func efiType(_ name: some StringProtocol) throws(LineError) -> UInt32 {
    guard let type = EFISpelling.type(named: name) else {
      throw error(
        "no such type of EFI memory: \(name); there are \(EFISpelling.spellings), and typeN for "
          + "number N")
    }
    return type
  }
}

/// The end of a range, not included.
enum RangeEnd {
  case address(UInt64)
  /// 2^64, just past the last address, which does not fit in 64 bits.
  case top
}

/// A number as it appears in messages.
func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

/// What is wrong with a line, before it is known which file it is in.
struct LineError: Error {
  var line: Int
  var message: String

  init(_ line: Int, _ message: String) {
    self.line = line
    self.message = message
  }
}
