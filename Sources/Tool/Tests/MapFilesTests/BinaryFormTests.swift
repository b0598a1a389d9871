// SPDX-License-Identifier: MIT
import Firmware
import MapFiles
import PhysicalMemory
import Testing

/// Dumps of memory with what a loader left.
@Suite struct BinaryFormTests {
  /// Little-endian numbers one after the other.
  private func bytes<each Number: FixedWidthInteger>(_ numbers: repeat each Number) -> [UInt8] {
    var result: [UInt8] = []
    for number in repeat each numbers {
      for shift in stride(from: 0, to: type(of: number).bitWidth, by: 8) {
        result.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    return result
  }

  private func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
    bytes + Array(repeating: 0, count: count - bytes.count)
  }

  private func errorText(_ bytes: [UInt8], form: MapFileForm? = nil) -> String? {
    do {
      _ = try MapFile(reading: bytes, name: "FILE", form: form)
      return nil
    } catch {
      return error.description
    }
  }

  /// `size, start, byte count, type`
  private func multiboot1Entry(_ start: UInt64, _ byteCount: UInt64, _ type: UInt32) -> [UInt8] {
    bytes(UInt32(20), start, byteCount, type)
  }

  @Test func multiboot1_isReadFromADump() throws {
    let map = multiboot1Entry(0, 0x9fc00, 1) + multiboot1Entry(0x10_0000, 0x10_0000, 3)
    var information = padded(bytes(UInt32(1 << 6)), to: 44)
    information += bytes(UInt32(map.count), UInt32(0x9000))
    let dump = padded(map, to: 0x500) + padded(information, to: 116)
    let file = try MapFile(
      reading: dump, name: "FILE", form: .multiboot1, start: PhysicalAddress(0x9000),
      information: PhysicalAddress(0x9500))
    #expect(file.shortText == ["0+9fc00 usable", "100000+100000 acpi_data"])
    #expect(file.heldRanges.map(\.owner) == [.loader(.bootInformation), .loader(.memoryMap)])
  }

  @Test func multiboot1_isNotGuessed() {
    #expect(
      errorText(padded(bytes(UInt32(1 << 6)), to: 116))
        == "FILE: error: neither text nor Multiboot 2, PVH or Linux boot information or a device tree "
        + "in binary; "
        + "Multiboot 1 information has no mark of its own and needs --form multiboot1")
  }

  @Test func multiboot2_isRecognised() throws {
    let entries = bytes(UInt64(0), UInt64(0x9fc00), UInt32(1), UInt32(0))
    let tags =
      bytes(UInt32(6), UInt32(16 + 24), UInt32(24), UInt32(0)) + entries
      + bytes(UInt32(0), UInt32(8))
    let file = try MapFile(
      reading: bytes(UInt32(8 + tags.count), UInt32(0)) + tags, name: "FILE")
    #expect(file.form == .multiboot2)
    #expect(file.shortText == ["0+9fc00 usable"])
  }

  @Test func pvh_isRecognisedAndItsPointersFollowed() throws {
    let start = PhysicalAddress(0x6000)
    let information =
      bytes(UInt32(0x336e_c578), UInt32(1), UInt32(0), UInt32(0))
      + bytes(UInt64(0), UInt64(0), UInt64(0), UInt64(0x6038), UInt32(1), UInt32(0))
    let dump = information + bytes(UInt64(0), UInt64(0x9fc00), UInt32(1), UInt32(0))
    let file = try MapFile(reading: dump, name: "FILE", start: start)
    #expect(file.form == .pvh)
    #expect(file.shortText == ["0+9fc00 usable"])
    #expect(errorText(dump)?.hasPrefix("FILE: error: PVH memory map at 0x6038: ") == true)
  }

  @Test func zeroPage_isRecognised() throws {
    var page = [UInt8](repeating: 0, count: 4096)
    page[0x1e8] = 1
    page.replaceSubrange(0x202..<0x208, with: bytes(UInt32(0x5372_6448)) + [0x0f, 0x02])
    page.replaceSubrange(
      0x2d0..<0x2e4, with: bytes(UInt64(0), UInt64(0x9fc00)) + bytes(UInt32(1)))
    let file = try MapFile(reading: page, name: "FILE", start: PhysicalAddress(0x9_0000))
    #expect(file.form == .zeroPage)
    #expect(file.shortText == ["0+9fc00 usable"])
  }

  @Test func cutOffDump_isAnError() {
    #expect(
      errorText([0, 0], form: .multiboot1)
        == "FILE: error: Multiboot information at 0x0: is out of reach")
    #expect(errorText([0x78, 0xc5, 0x6e, 0x33, 0, 0, 0, 0])?.contains("error: PVH") == true)
  }

  /// A device tree with 64 KiB of memory from 1 MiB on.
  private var deviceTree: [UInt8] {
    func cells(_ numbers: UInt32...) -> [UInt8] {
      numbers.flatMap { bytes($0.byteSwapped) }
    }
    let structure =
      cells(1, 0, 1) + Array("memory\0\0".utf8) + cells(3, 12, 0, 0, 0x10_0000, 0x1_0000)
      + cells(2, 2, 9)
    let strings = Array("reg\0".utf8)
    let total = UInt32(56 + structure.count + strings.count)
    let header = cells(
      0xd00d_feed, total, 56, total - 4, 40, 17, 16, 0, 4, UInt32(structure.count))
    return header + cells(0, 0, 0, 0) + structure + strings
  }

  @Test func deviceTree_isRecognised() throws {
    let alone = try MapFile(reading: deviceTree, name: "FILE")
    #expect(alone.form == .dtb)
    #expect(alone.shortText == ["100000+10000 usable"])
    // A file does not tell where it will lie in memory.
    #expect(alone.heldRanges.isEmpty)
    let dump = try MapFile(
      reading: padded(bytes(UInt64(0)), to: 16) + deviceTree, name: "FILE",
      start: PhysicalAddress(0x8000), information: PhysicalAddress(0x8010))
    #expect(dump.form == .dtb)
    #expect(dump.heldRanges.map(\.owner) == [.loader(.deviceTree)])
    #expect(dump.heldRanges.first?.range.start == PhysicalAddress(0x8010))
  }
}
