// SPDX-License-Identifier: MIT
import MemoryMap
import MemoryTesting
import PhysicalMemory
import TextOutput

/// Linux's parameters that change memory, read from the command line.
///
/// - `mem=SIZE`: no usable memory from that address on, or only so much: see ``MemoryLimitMeaning``.
/// - `mem=SIZE@START`: usable memory, in place of what firmware says, where `mem=` is an amount.
/// - `memmap=SIZE`: no usable memory from that address on.
/// - `memmap=exactmap`: forget the firmware's map; only what follows counts.
/// - `memmap=SIZE@START`: usable memory, `#` for ACPI data, `$` reserved, `!` persistent; several
///   with commas between them.
/// - `memmap=SIZE%START-FROM+TO`: of that range, what is of e820's type FROM becomes type TO; without
///   `-FROM` all of it does, without `+TO` it is no memory any more.
/// - `memtest=N`: test free memory with N patterns; without a number with all of them.
/// - `bootmem_debug`: print every operation of boot memory.
///
/// What follows the size in `mem=64MB` is left out, as in Linux, and reported.
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

  /// Whether a range has taken the place of the firmware's memory.
  private var hasOwnRanges = false

  /// Reads `line` and changes `regions` as it says.
  ///
  /// - Parameters:
  ///   - line: The kernel's command line.
  ///   - regions: The firmware's memory; gets sorted where a parameter changes it.
  ///   - limitMeaning: What `mem=SIZE` stands for.
  ///   - sink: Takes the reports: words that mean nothing, and regions for which there is no room.
  public init(
    applying line: KernelCommandLine, to regions: inout MemoryRegionList,
    limitMeaning: MemoryLimitMeaning = .endAddress, reportingTo sink: inout some TextSink
  ) {
    var words = line.words
    while let word = words.next() {
      if let value = word.dropping("mem=") {
        switch limitMeaning {
        case .endAddress: limitMemory(value, of: word, in: &regions, reportingTo: &sink)
        case .amount:
          limitAmount(value, of: word, before: words, in: &regions, reportingTo: &sink)
        }
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
    guard let limit = size(value, of: word, reportingTo: &sink) else { return }
    regions.clip(.usable, at: PhysicalAddress(limit))
  }

  /// The size that a value begins with; nil, and a report, if it is none.  What follows is left out, with
  /// a report.
  private func size(
    _ value: CommandLineWord, of word: CommandLineWord, reportingTo sink: inout some TextSink
  ) -> UInt64? {
    guard let (size, rest) = Self.parseSize(value) else {
      ignore(word, "is not a size", &sink)
      return nil
    }
    guard size > 0 else {
      ignore(word, "leaves no memory", &sink)
      return nil
    }
    if rest.count > 0 {
      sink.write("command line: ")
      word.write(to: &sink)
      sink.write(": what follows the size is ignored\n")
    }
    return size
  }

  /// The size that a value begins with, and what follows.
  ///
  /// - Returns: nil if it is none, or something follows less than a page, which is rather a slip than a
  ///   size.
  private static func parseSize(
    _ value: CommandLineWord
  ) -> (byteCount: UInt64, rest: CommandLineWord)? {
    guard let (byteCount, rest) = value.parseByteCount(),
      rest.count == 0 || byteCount >= PageFrame.byteCount
    else { return nil }
    return (byteCount, rest)
  }

  /// - Parameter later: The words behind this one.
  private mutating func limitAmount(
    _ value: CommandLineWord, of word: CommandLineWord, before later: CommandLineWords,
    in regions: inout MemoryRegionList, reportingTo sink: inout some TextSink
  ) {
    if let (byteCount, rest) = value.parseByteCount(), rest.first == UInt8(ascii: "@") {
      guard let (start, end) = rest.dropping(byteCount: 1).parseByteCount(), end.count == 0 else {
        return ignore(word, "has no address", &sink)
      }
      guard byteCount > 0 else { return ignore(word, "has size 0", &sink) }
      if !hasOwnRanges { regions.clip(.usable, at: 0) }
      hasOwnRanges = true
      return append(byteCount, at: start, .usable, of: word, to: &regions, reportingTo: &sink)
    }
    guard let amount = size(value, of: word, reportingTo: &sink) else { return }
    var later = later
    while let other = later.next() {
      guard let value = other.dropping("mem="), let (amount, rest) = Self.parseSize(value) else {
        continue
      }
      guard amount == 0 || rest.first == UInt8(ascii: "@") else {
        return ignore(word, "is overridden by a later one", &sink)
      }
    }
    regions.limit(.usable, toByteCount: amount)
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
    let isConversion = sign == UInt8(ascii: "%")
    let kind = Self.kind(ofSign: sign)
    guard kind != nil || isConversion else {
      return ignore(word, "has none of @ # $ ! % after the size", &sink)
    }
    guard let (start, end) = rest.dropping(byteCount: 1).parseByteCount(),
      end.count == 0 || isConversion
    else { return ignore(word, "has no address", &sink) }
    guard byteCount > 0 else { return ignore(word, "has size 0", &sink) }
    if let kind {
      return append(byteCount, at: start, kind, of: word, to: &regions, reportingTo: &sink)
    }
    guard let (from, behindFrom) = Self.type(behind: UInt8(ascii: "-"), in: end),
      let (to, behindTo) = Self.type(behind: UInt8(ascii: "+"), in: behindFrom), behindTo.count == 0
    else { return ignore(word, "has no types -FROM+TO of e820 after the address", &sink) }
    if let to, from == nil {
      return append(byteCount, at: start, to, of: word, to: &regions, reportingTo: &sink)
    }
    regions.replace(
      from, with: to,
      in: AddressRange(start: PhysicalAddress(start), clampingByteCount: byteCount))
  }

  private func append(
    _ byteCount: UInt64, at start: UInt64, _ kind: MemoryKind, of word: CommandLineWord,
    to regions: inout MemoryRegionList, reportingTo sink: inout some TextSink
  ) {
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

  /// The kind of memory behind a sign, nil where the sign is missing or the type is 0, and what follows
  /// it; nil if there is not a number of a type that e820 has.
  private static func type(
    behind sign: UInt8, in word: CommandLineWord
  ) -> (kind: MemoryKind?, rest: CommandLineWord)? {
    guard word.first == sign else { return (nil, word) }
    guard let (number, rest) = word.dropping(byteCount: 1).parseNumber() else { return nil }
    guard number != 0 else { return (nil, rest) }
    // Another number is not told apart from "reserved", and must not stand for it.
    guard let type = UInt32(exactly: number),
      type == E820.reserved || E820.kind(ofType: type) != .reserved
    else { return nil }
    return (E820.kind(ofType: type), rest)
  }

  private mutating func setMemoryTest(
    _ value: CommandLineWord, of word: CommandLineWord, reportingTo sink: inout some TextSink
  ) {
    guard let (count, rest) = value.parseNumber(), rest.count == 0 else {
      return ignore(word, "is not a number", &sink)
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
