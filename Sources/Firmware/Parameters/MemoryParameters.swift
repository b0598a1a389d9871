// SPDX-License-Identifier: MIT
import MemoryMap
import MemoryTesting
import PhysicalMemory
import TextOutput

/// Linux's parameters that change memory, read from the command line.
///
/// - `mem=SIZE`: no usable memory from that address on.
/// - `memmap=SIZE`: the same.
/// - `memmap=exactmap`: forget the firmware's map; only what follows counts.
/// - `memmap=SIZE@START`: usable memory, `#` for ACPI data, `$` reserved, `!` persistent; several
///   with commas between them.
/// - `memtest=N`: test free memory with N patterns; without a number with all of them.
/// - `bootmem_debug`: print every operation of boot memory.
///
/// They take effect in their order on the line, as in Linux.  A value that makes no sense is
/// reported and ignored.  Where what they add overlaps something else, the less usable kind wins.
///
/// Source: Linux's documentation, `admin-guide/kernel-parameters`.
public struct MemoryParameters {
  /// How many patterns free memory is to be tested with; 0 for no test.
  public private(set) var memoryTestPassCount = 0

  /// Whether every operation of boot memory is to be printed.
  public private(set) var printsOperations = false

  /// Reads `line` and changes `regions` as it says.
  public init(
    applying line: KernelCommandLine, to regions: inout MemoryRegionList,
    reportingTo sink: inout some TextSink
  ) {
    var words = line.words
    while let word = words.next() {
      if let value = word.dropping("mem=") {
        limitMemory(value, of: word, in: &regions, reportingTo: &sink)
      } else if let values = word.dropping("memmap=") {
        var rest: CommandLineWord? = values
        while let part = rest {
          changeMap(part.splitAtComma.head, of: word, in: &regions, reportingTo: &sink)
          rest = part.splitAtComma.tail
        }
      } else if word.equals("memtest") {
        memoryTestPassCount = MemoryTest.patternCount
      } else if let value = word.dropping("memtest=") {
        setMemoryTest(value, of: word, reportingTo: &sink)
      } else if word.equals("bootmem_debug") {
        printsOperations = true
      }
    }
  }

  private func limitMemory(
    _ value: CommandLineWord, of word: CommandLineWord, in regions: inout MemoryRegionList,
    reportingTo sink: inout some TextSink
  ) {
    guard let (limit, rest) = value.parseByteCount(), rest.count == 0 else {
      return ignore(word, "is no size", &sink)
    }
    guard limit > 0 else { return ignore(word, "leaves no memory", &sink) }
    regions.clip(.usable, at: PhysicalAddress(limit))
  }

  private func changeMap(
    _ value: CommandLineWord, of word: CommandLineWord, in regions: inout MemoryRegionList,
    reportingTo sink: inout some TextSink
  ) {
    guard !value.equals("exactmap") else { return regions.removeAll() }
    guard let (byteCount, rest) = value.parseByteCount() else {
      return ignore(word, "has no size", &sink)
    }
    guard let sign = rest.first else {
      return limitMemory(value, of: word, in: &regions, reportingTo: &sink)
    }
    guard let kind = Self.kind(ofSign: sign) else {
      return ignore(word, "has none of @ # $ ! behind the size", &sink)
    }
    guard let (start, end) = rest.dropping(byteCount: 1).parseByteCount(), end.count == 0 else {
      return ignore(word, "has no address", &sink)
    }
    guard byteCount > 0 else { return ignore(word, "has size 0", &sink) }
    if regions.append(start: PhysicalAddress(start), byteCount: byteCount, kind: kind) {
      sink.write("command line: ")
      word.write(to: &sink)
      sink.write(": clipped at the top of the address space\n")
    }
  }

  private static func kind(ofSign sign: UInt8) -> MemoryKind? {
    switch sign {
    case UInt8(ascii: "@"): .usable
    case UInt8(ascii: "#"): .acpiReclaimable
    case UInt8(ascii: "$"): .reserved
    case UInt8(ascii: "!"): .persistent
    default: nil
    }
  }

  private mutating func setMemoryTest(
    _ value: CommandLineWord, of word: CommandLineWord, reportingTo sink: inout some TextSink
  ) {
    guard let (count, rest) = value.parseNumber(), rest.count == 0 else {
      return ignore(word, "is no number", &sink)
    }
    guard let passCount = Int(exactly: count), count <= UInt16.max else {
      return ignore(word, "is above 65535", &sink)
    }
    memoryTestPassCount = passCount
  }

  private func ignore(
    _ word: CommandLineWord, _ complaint: StaticString, _ sink: inout some TextSink
  ) {
    sink.write("command line: ")
    word.write(to: &sink)
    sink.write(": ")
    sink.write(complaint)
    sink.write("; ignored\n")
  }
}
