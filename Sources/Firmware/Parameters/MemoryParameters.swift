// SPDX-License-Identifier: MIT
import MemoryMap
import MemoryTesting
import PhysicalMemory
import TextOutput

/// Linux's parameters that change memory, read from the command line.
///
/// - `mem=SIZE`: no usable memory from that address on, or only that amount: see
///   ``MemoryLimitMeaning``.
/// - `mem=SIZE@START`: usable memory that replaces what firmware describes, where `mem=` is an
///   amount.
/// - `memmap=SIZE`: no usable memory from that address on.
/// - `memmap=exactmap`: discard the firmware's map; only what follows counts.
/// - `memmap=SIZE@START`: usable memory; with `#` instead of `@` ACPI data, with `$` reserved, with
///   `!` persistent; several may be separated by commas.
/// - `memmap=SIZE%START-FROM+TO`: the memory of e820 type FROM in that range becomes type TO;
///   without `-FROM` all of the range does, and without `+TO` it is no longer memory.
/// - `memtest=N`: test free memory with N patterns; plain `memtest` uses all of them.
/// - `bootmem_debug`: print every operation of boot memory.
///
/// Anything after the size, as in `mem=64MB`, is ignored as in Linux, with a report.
///
/// Parameters take effect in their order on the line, as in Linux.  A value that makes no sense is
/// ignored, with a report.  Where the memory they add overlaps other memory, the less usable kind
/// wins.
///
/// Source: Linux's documentation, `admin-guide/kernel-parameters`.
public struct MemoryParameters {
  /// The number of patterns to test free memory with; 0 for no test.
  public private(set) var memoryTestPassCount = 0

  /// Whether to print every operation of boot memory.
  public private(set) var printsOperations = false

  /// Whether a range has replaced the firmware's memory.
  private var hasOwnRanges = false

  /// Reads `line` and changes `regions` accordingly.
  ///
  /// - Parameters:
  ///   - line: The kernel's command line.
  ///   - regions: The firmware's memory; a limit on its amount sorts it.
  ///   - limitMeaning: The meaning of `mem=SIZE`.
  ///   - sink: Takes the reports: values that are ignored or clipped.
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

  /// The size that a value begins with; nil, with a report, if it does not begin with one.
  ///
  /// Anything after the size is ignored, with a report.
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

  /// The size that a value begins with, and the rest of the value.
  ///
  /// - Returns: nil if it does not begin with a size, or if something follows a size below one
  ///   page, which is more likely a typo.
  private static func parseSize(
    _ value: CommandLineWord
  ) -> (byteCount: UInt64, rest: CommandLineWord)? {
    guard let (byteCount, rest) = value.parseByteCount(),
      rest.count == 0 || byteCount >= PageFrame.byteCount
    else { return nil }
    return (byteCount, rest)
  }

  /// - Parameter later: The words after this one.
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

  /// The kind of memory given by the e820 type after a sign, and the rest of the word.
  ///
  /// - Returns: nil if no number of a known e820 type follows the sign; a nil kind if the sign is
  ///   missing or the type is 0.
  private static func type(
    behind sign: UInt8, in word: CommandLineWord
  ) -> (kind: MemoryKind?, rest: CommandLineWord)? {
    guard word.first == sign else { return (nil, word) }
    guard let (number, rest) = word.dropping(byteCount: 1).parseNumber() else { return nil }
    guard number != 0 else { return (nil, rest) }
    // Other numbers would map to "reserved", and must not stand for it.
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

  @inline(never)
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
