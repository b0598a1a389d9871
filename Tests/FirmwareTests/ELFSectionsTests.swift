// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

/// The section headers that a loader leaves, as Multiboot 1 has them.
@Suite struct ELFSectionsTests {
  /// A section: type, flags, address, size.
  private typealias Section = (type: UInt64, flags: UInt64, address: UInt64, byteCount: UInt64)

  /// What was made of headers at a000: what is held beside block and map, and the reports.
  private func read(
    _ headers: [UInt8], count: UInt32, headerByteCount: UInt32
  ) -> (held: String, reports: String) {
    var fields = ByteBuilder()
    fields.pad(to: 116)
    let values: [(Int, UInt32)] = [
      (0, 1 << 5 | 1), (8, 1024), (28, count), (32, headerByteCount), (36, 0xa000),
    ]
    for (offset, value) in values {
      fields.set(value, at: offset)
    }
    var memory = FakeMemory()
    memory.put(fields.bytes, at: 0x9500)
    memory.put(headers, at: 0xa000)
    let result = BootResult(Multiboot1(), at: 0x9500, in: memory)
    #expect(result.error == nil)
    let held = result.heldRanges.split(separator: "\n").dropFirst()
    return (held.joined(separator: "\n"), result.reports)
  }

  /// Headers of 32-bit ELF, each `headerByteCount` long, or of 64-bit ELF from 64 bytes on.
  private func headers(_ sections: [Section], byteCount: Int) -> [UInt8] {
    sections.flatMap { section in
      var header = ByteBuilder()
      header.pad(to: byteCount)
      header.set(UInt32(section.type), at: 4)
      if byteCount >= 64 {
        header.set(section.flags, at: 8)
        header.set(section.address, at: 16)
        header.set(section.byteCount, at: 32)
      } else {
        header.set(UInt32(section.flags), at: 8)
        header.set(UInt32(section.address), at: 12)
        header.set(UInt32(section.byteCount), at: 20)
      }
      return header.bytes
    }
  }

  /// In the image, outside of it, nowhere, without contents.
  private let sections: [Section] = [
    (1, 2, 0x10_0000, 0x1000), (3, 4, 0x20_0000, 0x123), (3, 0, 0, 0x100), (8, 0, 0x30_0000, 0x100),
  ]

  @Test(arguments: [40, 48, 63, 64, 72])
  func headersOfEveryKnownSize_areRead(byteCount: Int) {
    let result = read(
      headers(sections, byteCount: byteCount), count: 4, headerByteCount: UInt32(byteCount))
    let last = String(0xa000 + 4 * byteCount - 1, radix: 16)
    #expect(
      result.held == """
          000000000000a000-000000000000\(last) symbols
          0000000000200000-0000000000200122 symbols
        """)
    #expect(result.reports == "")
  }

  @Test func addressesOf64Bits_areKept() {
    let wide: [Section] = [(3, 1 << 32, 1 << 40, 1 << 33)]
    let result = read(headers(wide, byteCount: 64), count: 1, headerByteCount: 64)
    #expect(result.held.hasSuffix("\n  0000010000000000-00000101ffffffff symbols"))
  }

  @Test func headersOfUnknownSize_areReported() {
    let result = read(Array(repeating: 0, count: 80), count: 2, headerByteCount: 39)
    #expect(result.held == "  000000000000a000-000000000000a04d symbols")
    #expect(
      result.reports
        == "firmware: ELF section headers at 0xa000: have an unknown size: 0x27\n")
  }

  @Test func noHeaders_areNothing() {
    for (count, byteCount) in [(0, 40), (3, 0)] as [(UInt32, UInt32)] {
      let result = read([], count: count, headerByteCount: byteCount)
      #expect(result.held == "" && result.reports == "")
    }
  }

  @Test func headerOutOfReach_isReported() {
    let result = read(headers(sections, byteCount: 40), count: 5, headerByteCount: 40)
    #expect(result.held.hasSuffix("\n  0000000000200000-0000000000200122 symbols"))
    #expect(
      result.reports == "firmware: ELF section header 4 at 0xa000: "
        + "is out of reach, as are all behind it\n")
  }
}
