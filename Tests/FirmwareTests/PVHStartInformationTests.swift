// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct PVHStartInformationTests {
  /// The structure at 0x6000 with its map at 0x6100 and its modules at 0x6200.
  private func fields(version: UInt32 = 1, magic: UInt32 = 0x336e_c578) -> ByteBuilder {
    var fields = ByteBuilder()
    fields.append(magic)
    fields.append(version)
    fields.append(UInt32(0))
    fields.append(UInt32(2))
    fields.append(UInt64(0x6200))
    fields.append(UInt64(0x6300))
    fields.append(UInt64(0xf_5a90))
    fields.append(UInt64(0x6100))
    fields.append(UInt32(3))
    fields.append(UInt32(0))
    return fields
  }

  private var map: [UInt8] {
    var map = ByteBuilder()
    for (start, byteCount, type) in [(0, 0x9_fc00, 1), (0x10_0000, 0x700_0000, 1), (1 << 40, 1, 9)]
    {
      map.append(UInt64(start))
      map.append(UInt64(byteCount))
      map.append(UInt32(type))
      map.append(UInt32(0xffff_ffff))
    }
    return map.bytes
  }

  private var modules: [UInt8] {
    var modules = ByteBuilder()
    for (start, byteCount, text) in [(0x20_0000, 0x1001, 0), (1 << 32, 0x10, 0x6310)] {
      for value in [start, byteCount, text, 0] { modules.append(UInt64(value)) }
    }
    return modules.bytes
  }

  private func blocks(_ fields: ByteBuilder) -> [(address: UInt64, bytes: [UInt8])] {
    [
      (0x6000, fields.bytes), (0x6100, map), (0x6200, modules), (0x6300, Array("a=b\0".utf8)),
      (0x6310, Array("two\0".utf8)),
    ]
  }

  private func read(_ fields: ByteBuilder) -> BootResult {
    var memory = FakeMemory()
    for block in blocks(fields) { memory.put(block.bytes, at: block.address) }
    return BootResult(PVHStartInformation(), at: 0x6000, in: memory)
  }

  @Test func read_findsMapModulesCommandLineAndRootPointer() {
    let result = read(fields())
    #expect(result.error == nil)
    #expect(result.reports == "")
    #expect(
      result.regions == """
          0000000000000000-000000000009fbff usable        639 KiB
          0000000000100000-00000000070fffff usable        112 MiB
          0000010000000000-0000010000000000 reserved      1 B

        """)
    #expect(
      result.heldRanges == """
          0000000000006000-0000000000006037 boot information
          0000000000006100-0000000000006147 memory map
          0000000000006300-0000000000006303 command line
          0000000000006200-000000000000623f module list
          0000000000200000-0000000000201000 module 0
          0000000100000000-000000010000000f module 1
          0000000000006310-0000000000006313 command line of module 1

        """)
    #expect(result.rootPointer == PhysicalAddress(0xf_5a90))
  }

  @Test func read_versionZeroHasNoMap() {
    #expect(
      read(fields(version: 0)).error
        == "PVH start information at 0x6000: has no memory map, is of version: 0x0")
  }

  @Test func read_otherMagicIsAnError() {
    #expect(
      read(fields(magic: 0x2bad_b002)).error
        == "PVH start information at 0x6000: starts with another number: 0x2badb002")
  }

  @Test func read_hugeCountsAreReadAsFarAsMemoryGoes() {
    var fields = fields()
    fields.set(UInt32.max, at: 12)
    fields.set(UInt32.max, at: 48)
    let result = read(fields)
    #expect(result.error == nil)
    #expect(result.moduleCount == 2)
    #expect(
      result.reports.contains("PVH memory map entry at 0x6100: is too large, and read in part"))
    #expect(result.reports.contains("PVH memory map entry 3 at 0x6148: is out of reach"))
    #expect(result.reports.contains("PVH module 2 at 0x6200: is out of reach"))
  }

  @Test func read_pointersToNowhereAreReported() {
    var fields = fields()
    fields.set(UInt64.max - 3, at: 16)
    fields.set(UInt64.max, at: 24)
    let result = read(fields)
    #expect(result.moduleCount == 0)
    #expect(result.reports.contains("PVH command line at 0xffffffffffffffff: has no end in reach"))
    fields.set(UInt64.max - 7, at: 40)
    #expect(read(fields).error == "PVH memory map at 0xfffffffffffffff8: has no entry in reach")
  }

  @Test func read_damagedAnywhereNeverTraps() {
    readDamaged(PVHStartInformation(), blocks(fields()), errors: (cut: 72, changed: 42))
  }

  @Test func read_laterVersionIsReadToo() {
    let result = read(fields(version: 2))
    #expect(result.error == nil && result.moduleCount == 2)
  }

  @Test func read_fieldsOf0AreNotThere() {
    var empty = fields()
    empty.set(UInt32(0), at: 12)
    empty.set(UInt64(0), at: 24)
    empty.set(UInt64(0), at: 32)
    let result = read(empty)
    #expect(result.error == nil && result.reports == "")
    #expect(result.moduleCount == 0 && result.commandLine == nil && result.rootPointer == nil)
    #expect(!result.heldRanges.contains("module list"))
    empty.set(UInt64(0), at: 40)
    #expect(
      read(empty).error
        == "PVH start information at 0x6000: has no memory map, is of version: 0x1")
  }

  @Test func read_moduleThatWrapsIsClippedAndReported() {
    var memory = FakeMemory()
    for block in blocks(fields()) { memory.put(block.bytes, at: block.address) }
    var wide = ByteBuilder()
    wide.append(UInt64.max - 0xfff)
    wide.append(UInt64(0x1001))
    memory.put(wide.bytes, at: 0x6200)
    let result = BootResult(PVHStartInformation(), at: 0x6000, in: memory)
    #expect(result.heldRanges.contains("fffffffffffff000-ffffffffffffffff module 0"))
    #expect(
      result.reports == "firmware: PVH module 0 at 0xfffffffffffff000: "
        + "clipped at the top of the address space, has size: 0x1001\n")
  }
}
