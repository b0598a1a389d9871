// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct Multiboot1Tests {
  /// An information block at 0x9500 as QEMU lays it out: map, two modules, command line, name.
  private struct Block {
    var memory = FakeMemory()
    var fields = ByteBuilder()

    init(flags: UInt32) {
      fields.pad(to: 116)
      fields.set(flags, at: 0)
    }

    mutating func setMap(
      at address: UInt64, entries: [(size: UInt32, start: UInt64, byteCount: UInt64, type: UInt32)],
      byteCount: UInt32? = nil
    ) {
      var map = ByteBuilder()
      for entry in entries {
        map.append(entry.size)
        map.append(entry.start)
        map.append(entry.byteCount)
        map.append(entry.type)
        if entry.size > 20 { map.append(Array(repeating: 0xff, count: Int(entry.size) - 20)) }
      }
      fields.set(byteCount ?? UInt32(map.bytes.count), at: 44)
      fields.set(UInt32(address), at: 48)
      memory.put(map.bytes, at: address)
    }

    mutating func setModules(
      at address: UInt64, _ modules: [(start: UInt32, end: UInt32, text: UInt32)],
      count: UInt32? = nil
    ) {
      var list = ByteBuilder()
      for module in modules {
        list.append(module.start)
        list.append(module.end)
        list.append(module.text)
        list.append(UInt32(0))
      }
      fields.set(count ?? UInt32(modules.count), at: 20)
      fields.set(UInt32(address), at: 24)
      memory.put(list.bytes, at: address)
    }

    func read(regionCapacity: Int = 64, heldRangeCapacity: Int = 64) -> BootResult {
      var memory = memory
      memory.put(fields.bytes, at: 0x9500)
      return BootResult(
        Multiboot1(), at: 0x9500, in: memory, regionCapacity: regionCapacity,
        heldRangeCapacity: heldRangeCapacity)
    }
  }

  private static let oneRegion: [(size: UInt32, start: UInt64, byteCount: UInt64, type: UInt32)] = [
    (20, 0x10_0000, 0x700_0000, 1)
  ]
  private static let oneRegionPrinted =
    "  0000000000100000-00000000070fffff usable        112 MiB\n"

  /// A reader that takes 8 bits of the type calls this usable.
  @Test func read_typeOfMoreThan8BitsIsReserved() {
    var block = Block(flags: 1 << 6)
    block.setMap(
      at: 0x9000, entries: Self.oneRegion + [(20, 0x10_0000, 0x1000, 0x101), (20, 0, 1, 0x1_0001)])
    #expect(
      block.read().regions == Self.oneRegionPrinted + """
          0000000000100000-0000000000100fff reserved      4 KiB
          0000000000000000-0000000000000000 reserved      1 B

        """)
  }

  /// The largest map that is known of, a desktop's.
  @Test func read_mapOf312Entries() {
    var block = Block(flags: 1 << 6)
    block.setMap(
      at: 0x2_0000,
      entries: (0..<312).map { (20, UInt64($0) << 20, 0x8_0000, $0 % 2 == 0 ? 1 : 2) })
    let result = block.read(regionCapacity: 312)
    #expect(result.error == nil && result.reports == "")
    #expect(result.regionList.count == 312)
    #expect(result.regionList.last?.range.start == PhysicalAddress(311 << 20))
    #expect(
      block.read(regionCapacity: 311).error
        == "list of memory regions is full: it holds 311, needs to hold 312")
  }

  @Test func read_findsMapModulesCommandLineAndName() {
    var block = Block(flags: 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9)
    block.setMap(
      at: 0x9000,
      entries: [
        (20, 0, 0x9_fc00, 1), (20, 0x9_fc00, 0x400, 2), (24, 0x10_0000, 0x7ee_0000, 1),
        (20, 0x7fe_0000, 0x2_0000, 3), (20, 1 << 32, 1 << 31, 1), (20, 0xfd << 32, 3 << 32, 99),
      ])
    block.setModules(at: 0x9700, [(0x20_0000, 0x20_1234, 0x9800), (0x30_0000, 0x30_0000, 0)])
    block.fields.set(UInt32(0x9600), at: 16)
    block.fields.set(UInt32(0x9640), at: 64)
    block.memory.put(text: "kernel mem=64M", at: 0x9600)
    block.memory.put(text: "qemu", at: 0x9640)
    block.memory.put(text: "first", at: 0x9800)
    let result = block.read()
    #expect(result.error == nil)
    #expect(result.reports == "")
    #expect(
      result.regions == """
          0000000000000000-000000000009fbff usable        639 KiB
          000000000009fc00-000000000009ffff reserved      1 KiB
          0000000000100000-0000000007fdffff usable        126.8 MiB
          0000000007fe0000-0000000007ffffff acpi_data     128 KiB
          0000000100000000-000000017fffffff usable        2 GiB
          000000fd00000000-000000ffffffffff reserved      12 GiB

        """)
    #expect(
      result.heldRanges == """
          0000000000009500-0000000000009573 boot information
          0000000000009000-0000000000009093 memory map
          0000000000009600-000000000000960e command line
          0000000000009640-0000000000009644 loader name
          0000000000009700-000000000000971f module list
          0000000000200000-0000000000201233 module 0
          0000000000009800-0000000000009805 command line of module 0

        """)
    #expect(result.moduleCount == 2)
    #expect(block.memory.text(result.commandLine) == "kernel mem=64M")
    #expect(block.memory.text(result.loaderName) == "qemu")
  }

  @Test func read_fallsBackToSizesWithoutAMap() {
    var block = Block(flags: 1)
    block.fields.set(UInt32(639), at: 4)
    block.fields.set(UInt32(0xffff_ffff), at: 8)
    #expect(
      block.read().regions == """
          0000000000000000-000000000009fbff usable        639 KiB
          0000000000100000-00000400000ffbff usable        3.9 TiB

        """)
  }

  @Test func read_withoutMapAndSizesIsAnError() {
    let result = Block(flags: 1 << 2).read()
    #expect(
      result.error
        == "Multiboot information at 0x9500: has neither memory map nor sizes, has flags: 0x4")
    #expect(result.heldRanges == "")
  }

  @Test func read_informationOutOfReachIsAnError() {
    let result = BootResult(Multiboot1(), at: 0x9500, in: FakeMemory())
    #expect(result.error == "Multiboot information at 0x9500: is out of reach")
    let atTop = BootResult(Multiboot1(), at: .max, in: FakeMemory())
    #expect(atTop.error == "Multiboot information at 0xffffffffffffffff: is out of reach")
  }

  @Test func read_mapEntryOfSizeZeroEndsTheMap() {
    var block = Block(flags: 1 << 6)
    block.setMap(at: 0x9000, entries: Self.oneRegion + [(0, 0, 0x1000, 1), (20, 0, 0x1000, 1)])
    let result = block.read()
    #expect(result.regions == Self.oneRegionPrinted)
    #expect(
      result.reports
        == "firmware: Multiboot memory map entry 1 at 0x9018: is cut off; the rest is ignored\n")
  }

  @Test func read_mapLongerThanMemoryIsReadAsFarAsItGoes() {
    var block = Block(flags: 1 << 6)
    block.setMap(at: 0x9000, entries: Self.oneRegion, byteCount: 0xffff_ffff)
    let result = block.read()
    #expect(result.regions == Self.oneRegionPrinted)
    #expect(
      result.reports == """
        firmware: Multiboot memory map at 0x9000: is too large, and read in part only, with a size of: 0xffffffff
        firmware: Multiboot memory map entry 1 at 0x9018: is cut off; the rest is ignored

        """)
  }

  @Test func read_mapThatEndsInAnEntryIsReadUpToThere() {
    var block = Block(flags: 1 << 6)
    block.setMap(at: 0x9000, entries: Self.oneRegion + Self.oneRegion, byteCount: 47)
    let result = block.read()
    #expect(result.regions == Self.oneRegionPrinted)
    #expect(result.reports.contains("entry 1 at 0x9018: is cut off"))
  }

  @Test func read_entryOfHugeSizeDoesNotWrap() {
    var block = Block(flags: 1 << 6)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    block.memory.put([0xff, 0xff, 0xff, 0xff], at: 0x9000)
    #expect(block.read().regions == Self.oneRegionPrinted)
  }

  @Test func read_entryThatWrapsIsClippedAndReported() {
    var block = Block(flags: 1 << 6)
    block.setMap(at: 0x9000, entries: [(20, 0xffff_ffff_ffff_0000, 0x2_0000, 2)])
    let result = block.read()
    #expect(result.regions == "  ffffffffffff0000-ffffffffffffffff reserved      64 KiB\n")
    #expect(
      result.reports == "firmware: Multiboot memory map entry 0 at 0xffffffffffff0000: "
        + "clipped at the top of the address space, has size: 0x20000\n")
  }

  @Test func read_moduleThatEndsBeforeItsStartIsReportedAndLeftOut() {
    var block = Block(flags: 1 << 6 | 1 << 3)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    block.setModules(at: 0x9700, [(0x30_0000, 0x2f_ffff, 0), (0x40_0000, 0x40_1000, 0)])
    let result = block.read()
    #expect(
      result.reports
        == "firmware: Multiboot module 0 at 0x300000: ends before its start: 0x2fffff\n")
    #expect(result.moduleCount == 1)
    #expect(result.heldRanges.contains("0000000000400000-0000000000400fff module 0"))
  }

  @Test func read_moduleListBeyondMemoryIsReadAsFarAsItGoes() {
    var block = Block(flags: 1 << 6 | 1 << 3)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    block.setModules(at: 0x9700, [(0x40_0000, 0x40_1000, 0)], count: 0xffff_ffff)
    let result = block.read()
    #expect(result.moduleCount == 1)
    #expect(
      result.reports == """
        firmware: Multiboot module list at 0x9700: is too large, and read in part only, with a size of: 0xffffffff0
        firmware: Multiboot module 1 at 0x9700: is out of reach, as are all behind it, of: 0xffffffff

        """)
  }

  @Test func read_textWithoutEndIsReportedAndIgnored() {
    var block = Block(flags: 1 << 6 | 1 << 2)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    block.fields.set(UInt32(0x9600), at: 16)
    block.memory.put([0x61, 0x62], at: 0x9600)
    let result = block.read()
    #expect(result.commandLine == nil)
    #expect(
      result.reports == "firmware: Multiboot command line at 0x9600: has no end in reach\n")
  }

  @Test func read_truncatedAtEveryByteNeverTraps() {
    var block = Block(flags: 0xffff_ffff)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    block.setModules(at: 0x9700, [(0x40_0000, 0x40_1000, 0x9800)])
    for length in 0..<116 {
      var memory = block.memory
      memory.put(Array(block.fields.bytes.prefix(length)), at: 0x9500)
      let result = BootResult(Multiboot1(), at: 0x9500, in: memory)
      #expect((result.error == nil) == (length >= 52))
    }
  }

  @Test func read_symbolsAndTablesAreTakenNoteOf() {
    var block = Block(flags: 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    // Three headers of 40 bytes: one in the image, one outside, one without contents.
    var headers = ByteBuilder()
    for (type, flags, address) in [(1, 2, 0x10_0000), (2, 0, 0x20_0000), (8, 0, 0x30_0000)] {
      for value in [0, type, flags, address, 0, 0x123, 0, 0, 0, 0] { headers.append(UInt32(value)) }
    }
    block.memory.put(headers.bytes, at: 0xa000)
    for (offset, value) in [28: 3, 32: 40, 36: 0xa000, 52: 0x30, 56: 0xb000, 68: 0xc000] {
      block.fields.set(UInt32(value), at: offset)
    }
    block.fields.set(UInt32(0xd000), at: 72)
    let result = block.read()
    #expect(
      result.heldRanges.hasSuffix(
        """
          000000000000a000-000000000000a077 symbols
          0000000000200000-0000000000200122 symbols
          000000000000b000-000000000000b02f device information
          000000000000c000-000000000000c013 device information
          000000000000d000-000000000000d1ff device information

        """))
  }

  @Test func read_fullStorageSaysHowMuchIsNeeded() {
    var block = Block(flags: 1 << 6)
    block.setMap(at: 0x9000, entries: Self.oneRegion + Self.oneRegion + Self.oneRegion)
    let full = block.read(regionCapacity: 2)
    #expect(full.error == "list of memory regions is full: it holds 2, needs to hold 3")
    #expect(full.regions == "")
    let rangesFull = block.read(heldRangeCapacity: 1)
    #expect(rangesFull.error == "list of held ranges is full: it holds 1, needs to hold 2")
    #expect(rangesFull.heldRanges == "")
  }

  /// The block with only these fields, of 32 bits, and what is held then beside block and map.
  private func held(flags: UInt32, _ fields: [Int: UInt32]) -> String {
    var block = Block(flags: flags | 1 << 6)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    for (offset, value) in fields { block.fields.set(value, at: offset) }
    let result = block.read()
    #expect(result.error == nil && result.reports == "")
    return result.heldRanges.split(separator: "\n").dropFirst(2).joined(separator: "\n")
  }

  @Test func read_eachTableIsTakenNoteOf() {
    #expect(
      held(flags: 1 << 4, [28: 0x100, 32: 0x20, 36: 0xa000])
        == "  000000000000a000-000000000000a127 symbols")
    #expect(
      held(flags: 1 << 7, [52: 0x30, 56: 0xb000])
        == "  000000000000b000-000000000000b02f device information")
    #expect(
      held(flags: 1 << 10, [68: 0xc000])
        == "  000000000000c000-000000000000c013 device information")
    #expect(
      held(flags: 1 << 11, [72: 0xd000, 76: 0xe000]) == """
          000000000000d000-000000000000d1ff device information
          000000000000e000-000000000000e0ff device information
        """)
    // Type, 0 for a palette, in byte 109, its address from 110 on, and 16 colours.
    #expect(
      held(flags: 1 << 12, [110: 0xf000, 114: 16])
        == "  000000000000f000-000000000000f02f device information")
    #expect(held(flags: 1 << 12, [106: 0x0100_0000, 110: 0xf000, 114: 16]) == "")
  }

  @Test func read_tablesWithoutFlagOrPlaceAreNotThere() {
    #expect(held(flags: 1 << 10 | 1 << 11, [:]) == "")
    let all: [Int: UInt32] = [
      28: 1, 32: 40, 36: 0xa000, 52: 0x30, 56: 0xb000, 68: 0xc000, 72: 0xd000, 76: 0xe000,
      110: 0xf000, 114: 16,
    ]
    #expect(held(flags: 0, all) == "")
  }

  @Test func read_listsUpToTheirLimitsAreNotTooLarge() {
    var block = Block(flags: 1 << 6 | 1 << 3)
    block.setMap(at: 0x9000, entries: Self.oneRegion, byteCount: 0x10_0000)
    block.setModules(
      at: 0x1_0000, Array(repeating: (start: 1, end: 2, text: 0), count: 1024))
    let result = block.read(heldRangeCapacity: 2000)
    #expect(result.moduleCount == 1024)
    #expect(!result.reports.contains("too large"))
    block.setModules(
      at: 0x1_0000, Array(repeating: (start: 1, end: 2, text: 0), count: 1025))
    block.setMap(at: 0x9000, entries: Self.oneRegion, byteCount: 0x10_0001)
    let more = block.read(heldRangeCapacity: 2000)
    #expect(more.moduleCount == 1024)
    #expect(
      more.reports.contains(
        "map at 0x9000: is too large, and read in part only, with a size of: 0x100001\n"))
    #expect(
      more.reports.contains(
        "list at 0x10000: is too large, and read in part only, with a size of: 0x4010\n"))
  }

  @Test func read_textMayHave4095Bytes() {
    for (count, hasEnd) in [(4095, true), (4096, false)] {
      var block = Block(flags: 1 << 6 | 1 << 2)
      block.setMap(at: 0x9000, entries: Self.oneRegion)
      block.fields.set(UInt32(0x2_0000), at: 16)
      block.memory.put(text: String(repeating: "x", count: count), at: 0x2_0000)
      #expect(block.read().commandLine?.byteCount == (hasEnd ? UInt64(count) : nil))
    }
  }

  @Test func read_sizesOfNothingAreNoRegion() {
    var block = Block(flags: 1)
    block.fields.set(UInt32(1024), at: 8)
    #expect(
      block.read().regions == "  0000000000100000-00000000001fffff usable        1 MiB\n")
  }

  @Test func read_damagedAnywhereNeverTraps() {
    var block = Block(flags: 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9)
    block.setMap(at: 0x9000, entries: Self.oneRegion)
    block.fields.set(UInt32(0x9600), at: 16)
    block.fields.set(UInt32(0x9700), at: 24)
    readDamaged(
      Multiboot1(),
      [
        (0x9500, block.fields.bytes), (0x9000, block.memory.bytes(at: 0x9000, byteCount: 24)),
        (0x9600, Array("a=b\0".utf8)),
      ],
      errors: (cut: 76, changed: 20))
  }
}
