// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The section headers of the kernel, as Multiboot hands them over.
///
/// Loaders put sections that belong to no segment, such as symbols, anywhere in memory and write
/// the place into the header.
struct ELFSections {
  /// The number of headers.
  let count: UInt64

  /// The size of a header: 40 bytes for 32-bit ELF, 64 for 64-bit ELF.
  let headerByteCount: UInt64

  /// Where the first header lies.
  let start: PhysicalAddress

  /// ELF's `SHF_ALLOC`: the section is part of the image.
  private static var allocated: UInt64 { 2 }

  /// ELF's `SHT_NOBITS`: the section has no contents.
  private static var withoutContents: UInt32 { 8 }

  /// Takes note of the headers, and of sections that lie outside the image.
  ///
  /// `count` and `headerByteCount` come from 32-bit fields, so their product fits 64 bits.
  func note<Memory: PhysicalMemoryReader, Sink: TextSink>(
    in memory: Memory, into information: inout BootInformation, reportingTo sink: inout Sink
  ) {
    let headers = information.list(
      at: start.rawValue, byteCount: count * headerByteCount, in: memory,
      of: "list of ELF section headers", reportingTo: &sink)
    guard !headers.range.isEmpty else { return }
    information.heldRanges.append(headers.range, .symbols)
    let isWide = headerByteCount >= 64
    guard headerByteCount >= 40 else {
      sink.report(
        FirmwareProblem(
          "ELF section headers", at: start, "have an unknown size", value: headerByteCount))
      return
    }
    for number in 0..<headers.byteCount / headerByteCount {
      guard let header = headers.slice(at: number * headerByteCount, byteCount: headerByteCount),
        let type = header.load(UInt32.self, at: 4),
        let flags = header.loadWord(isWide: isWide, at: 8),
        let address = header.loadWord(isWide: isWide, at: isWide ? 16 : 12),
        let byteCount = header.loadWord(isWide: isWide, at: isWide ? 32 : 20)
      else {
        sink.report(
          FirmwareProblem(
            "ELF section header", number: number, at: start, "is out of reach, as are all behind it"
          ))
        return
      }
      if flags & Self.allocated == 0, type != Self.withoutContents, address != 0 {
        information.note(start: address, byteCount: byteCount, owner: .symbols)
      }
    }
  }
}

extension BoundedBytes {
  /// The 64-bit or 32-bit number at `offset`.
  fileprivate func loadWord(isWide: Bool, at offset: UInt64) -> UInt64? {
    isWide ? load(UInt64.self, at: offset) : load(UInt32.self, at: offset).map { UInt64($0) }
  }
}
