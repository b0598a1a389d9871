// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TextOutput

/// The section headers of the kernel, as Multiboot hands them over.
///
/// Loaders put sections that belong to no segment, such as symbols, anywhere in memory and store
/// the address in the header.
struct ELFSections {
  /// The number of headers.
  let count: UInt64

  /// The size of a header: 40 bytes for 32-bit ELF, 64 for 64-bit ELF.
  let headerByteCount: UInt64

  /// The address of the first header.
  let start: PhysicalAddress

  /// The offsets of the fields of a header, which differ between 32-bit and 64-bit ELF.
  private struct Header {
    let isWide: Bool

    var type: Field<UInt32> { 4 }
    var flags: UInt64 { 8 }
    var address: UInt64 { isWide ? 16 : 12 }
    var size: UInt64 { isWide ? 32 : 20 }

    static var narrowByteCount: UInt64 { 40 }
    static var wideByteCount: UInt64 { 64 }
  }

  /// ELF's `SHF_ALLOC`: the section is part of the image.
  private static var allocated: UInt64 { 2 }

  /// ELF's `SHT_NOBITS`: the section has no contents.
  private static var withoutContents: UInt32 { 8 }

  /// Records the headers, and the sections that lie outside the image.
  ///
  /// `count` and `headerByteCount` come from 32-bit fields, so their product fits in 64 bits.
  func note(
    with reading: inout BootReading<some PhysicalMemoryReader, some TextSink>
  ) {
    let headers = reading.list(
      at: start.rawValue, byteCount: count * headerByteCount, of: "list of ELF section headers")
    guard !headers.range.isEmpty else { return }
    reading.information.heldRanges.append(headers.range, .symbols)
    let fields = Header(isWide: headerByteCount >= Header.wideByteCount)
    guard headerByteCount >= Header.narrowByteCount else {
      reading.report(
        FirmwareProblem(
          "ELF section headers", at: start, "have an unknown size", value: headerByteCount))
      return
    }
    for number in 0..<headers.byteCount / headerByteCount {
      guard let header = headers.slice(at: number * headerByteCount, byteCount: headerByteCount),
        let type = header.load(fields.type),
        let flags = header.loadWord(isWide: fields.isWide, at: fields.flags),
        let address = header.loadWord(isWide: fields.isWide, at: fields.address),
        let byteCount = header.loadWord(isWide: fields.isWide, at: fields.size)
      else {
        reading.report(
          FirmwareProblem(
            "ELF section header", number: number, at: start, "is out of reach, as are all behind it"
          ))
        return
      }
      if flags & Self.allocated == 0, type != Self.withoutContents, address != 0 {
        reading.note(start: address, byteCount: byteCount, owner: .symbols)
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
