// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory
import Testing

@Suite struct LinuxBootParametersTests {
  /// The zero page at 0x90000.
  private struct Page {
    var memory = FakeMemory()
    var fields = ByteBuilder()

    init(version: UInt16 = 0x20f, entries: [(UInt64, UInt64, UInt32)] = []) {
      fields.pad(to: 4096)
      fields.set(UInt32(0x5372_6448), at: 0x202)
      fields.set(version, at: 0x206)
      fields.set(UInt8(entries.count), at: 0x1e8)
      for (index, entry) in entries.enumerated() {
        fields.set(entry.0, at: 0x2d0 + 20 * index)
        fields.set(entry.1, at: 0x2d0 + 20 * index + 8)
        fields.set(entry.2, at: 0x2d0 + 20 * index + 16)
      }
    }

    mutating func putSetupData(at address: UInt64, next: UInt64, type: UInt32, _ data: [UInt8]) {
      memory.put(setupData(next: next, type: type, data), at: address)
    }

    func setupData(next: UInt64, type: UInt32, _ data: [UInt8]) -> [UInt8] {
      var block = ByteBuilder()
      block.append(next)
      block.append(type)
      block.append(UInt32(data.count))
      block.append(data)
      return block.bytes
    }

    func read() -> BootResult {
      var memory = memory
      memory.put(fields.bytes, at: 0x90000)
      return BootResult(LinuxBootParameters(), at: 0x90000, in: memory)
    }
  }

  private static let entries: [(UInt64, UInt64, UInt32)] = [
    (0, 0x9_fc00, 1), (0x10_0000, 0x700_0000, 1),
  ]

  private static func extendedEntries() -> [UInt8] {
    var data = ByteBuilder()
    for (start, byteCount, type) in [(1 << 32, 0x1000, 1), (1 << 33, 0x1000, 4)] {
      data.append(UInt64(start))
      data.append(UInt64(byteCount))
      data.append(UInt32(type))
    }
    return data.bytes
  }

  @Test func read_findsMapRamdiskCommandLineAndRootPointer() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt32(0x9_8000), at: 0x228)
    page.memory.put(text: "mem=1G", at: 0x9_8000)
    page.fields.set(UInt32(0x400_0000), at: 0x218)
    page.fields.set(UInt32(0x1), at: 0x0c0)
    page.fields.set(UInt32(0x1234), at: 0x21c)
    page.fields.set(UInt64(0xe_0000), at: 0x070)
    let result = page.read()
    #expect(result.error == nil)
    #expect(result.reports == "")
    #expect(
      result.regions == """
          0000000000000000-000000000009fbff usable        639 KiB
          0000000000100000-00000000070fffff usable        112 MiB

        """)
    #expect(
      result.heldRanges == """
          0000000000090000-0000000000090fff boot information
          0000000000098000-0000000000098006 command line
          0000000104000000-0000000104001233 module 0

        """)
    #expect(result.moduleCount == 1)
    #expect(page.memory.text(result.commandLine) == "mem=1G")
    #expect(result.rootPointer == PhysicalAddress(0xe_0000))
  }

  @Test func read_extendedMapFollowsTheTable() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt64(0x9_1000), at: 0x250)
    page.putSetupData(at: 0x9_1000, next: 0x9_2000, type: 2, [1, 2, 3])
    page.putSetupData(at: 0x9_2000, next: 0, type: 1, Self.extendedEntries())
    let result = page.read()
    #expect(
      result.regions.hasSuffix(
        """
          0000000100000000-0000000100000fff usable        4 KiB
          0000000200000000-0000000200000fff acpi_nvs      4 KiB

        """))
    #expect(
      result.heldRanges.hasSuffix(
        """
          0000000000091000-0000000000091012 setup data 0
          0000000000092000-0000000000092037 setup data 1

        """))
  }

  @Test func read_indirectSetupDataIsTakenNoteOf() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt64(0x9_1000), at: 0x250)
    var data = ByteBuilder()
    data.append(UInt64(0))
    data.append(UInt64(0x123))
    data.append(UInt64(0x50_0000))
    page.putSetupData(at: 0x9_1000, next: 0, type: 0x8000_0000, data.bytes)
    #expect(
      page.read().heldRanges.hasSuffix("0000000000500000-0000000000500122 setup data 0\n"))
  }

  @Test func read_setupDataInACircleEnds() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt64(0x9_1000), at: 0x250)
    page.putSetupData(at: 0x9_1000, next: 0x9_1000, type: 2, [])
    let result = BootResult(
      LinuxBootParameters(), at: 0x90000,
      in: {
        var memory = page.memory
        memory.put(page.fields.bytes, at: 0x90000)
        return memory
      }(), heldRangeCapacity: 100)
    #expect(result.error == nil)
    #expect(result.reports == "firmware: Linux setup data 64 at 0x91000: has no end\n")
  }

  @Test func read_setupDataOutOfReachIsReported() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt64.max, at: 0x250)
    #expect(
      page.read().reports == "firmware: Linux setup data 0 at 0xffffffffffffffff: "
        + "is out of reach; the rest is ignored\n")
  }

  @Test func read_oldProtocolHasNoSetupDataAndRootPointer() {
    var page = Page(version: 0x208, entries: Self.entries)
    page.fields.set(UInt64.max, at: 0x250)
    page.fields.set(UInt64(0xe_0000), at: 0x070)
    let result = page.read()
    #expect(result.reports == "")
    #expect(result.rootPointer == nil)
  }

  @Test func read_sizesServeWithoutAMap() {
    var page = Page()
    page.fields.set(UInt16(0xfc00), at: 0x002)
    #expect(
      page.read().regions == """
          0000000000000000-000000000009efff usable        636 KiB
          0000000000100000-0000000003ffffff usable        63 MiB

        """)
    page.fields.set(UInt32(0x2_0000), at: 0x1e0)
    #expect(page.read().regions.contains("-00000000080fffff usable        128 MiB"))
  }

  @Test func read_withoutMapAndSizesIsAnError() {
    #expect(Page().read().error == "Linux boot parameters at 0x90000: have no memory map")
  }

  @Test func read_withoutSignatureIsAnError() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt32(7), at: 0x202)
    #expect(page.read().error == "Linux boot parameters at 0x90000: have no signature, but: 0x7")
  }

  @Test func read_moreEntriesThanThePageHoldsAreCutAndReported() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt8(255), at: 0x1e8)
    let result = page.read()
    #expect(result.error == "list of memory regions is full: it holds 64, needs to hold 128")
    #expect(
      result.reports
        == "firmware: Linux boot parameters at 0x90000: have room for 128 entries, claim: 0xff\n")
  }

  @Test func read_damagedAnywhereNeverTraps() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt64(0x9_1000), at: 0x250)
    // Header, setup header and entries: the rest of the page is not looked at.
    readDamaged(
      LinuxBootParameters(),
      [
        (0x90000, page.fields.bytes),
        (0x9_1000, page.setupData(next: 0, type: 1, Self.extendedEntries())),
      ], errors: (cut: 600, changed: 18))
  }

  @Test func read_fieldsCountFromTheirVersionsOn() {
    for (version, hasSetupData, hasRootPointer) in [
      (0x208, false, false), (0x209, true, false), (0x20d, true, false), (0x20e, true, true),
    ] as [(UInt16, Bool, Bool)] {
      var page = Page(version: version, entries: Self.entries)
      page.fields.set(UInt64(0x9_1000), at: 0x250)
      page.putSetupData(at: 0x9_1000, next: 0, type: 1, Self.extendedEntries())
      page.fields.set(UInt64(0xe_0000), at: 0x070)
      let result = page.read()
      #expect(result.heldRanges.contains("setup data") == hasSetupData)
      #expect(result.regionList.count == (hasSetupData ? 4 : 2))
      #expect((result.rootPointer != nil) == hasRootPointer)
    }
  }

  @Test func read_pageFullOfEntriesIsNoDefect() {
    let entries = (0..<UInt64(128)).map { ($0 << 13, UInt64(0x1000), UInt32(1)) }
    var memory = FakeMemory()
    memory.put(Page(entries: entries).fields.bytes, at: 0x90000)
    let result = BootResult(
      LinuxBootParameters(), at: 0x90000, in: memory, regionCapacity: 128)
    #expect(result.error == nil && result.reports == "")
    #expect(result.regionList.count == 128)
  }

  @Test func read_ramdiskWithoutPlaceOrSizeIsNone() {
    for (start, byteCount) in [(0, 0x1000), (0x40_0000, 0)] as [(UInt32, UInt32)] {
      var page = Page(entries: Self.entries)
      page.fields.set(start, at: 0x218)
      page.fields.set(byteCount, at: 0x21c)
      #expect(page.read().moduleCount == 0)
    }
  }

  @Test func read_ramdiskOfHalfANumberIsNone() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt32(7), at: 0x0c0)
    page.fields.set(UInt32(1), at: 0x0c4)
    #expect(page.read().moduleCount == 1)
    var memory = FakeMemory()
    memory.put(page.fields.bytes, at: 0x90000)
    // The lower halves.
    memory.remove(from: 0x90218, byteCount: 8)
    #expect(BootResult(LinuxBootParameters(), at: 0x90000, in: memory).moduleCount == 0)
  }

  @Test func read_ramdiskIsKeptWhereTheCommandLineIsOutOfReach() {
    var page = Page(entries: Self.entries)
    page.fields.set(UInt32(0x40_0000), at: 0x218)
    page.fields.set(UInt32(0x1_0000), at: 0x21c)
    page.fields.set(UInt32(0x9_1000), at: 0x228)
    var memory = FakeMemory()
    memory.put(page.fields.bytes, at: 0x90000)
    memory.remove(from: 0x90228, byteCount: 4)
    let result = BootResult(LinuxBootParameters(), at: 0x90000, in: memory)
    #expect(result.moduleCount == 1 && result.commandLine == nil)
  }
}
