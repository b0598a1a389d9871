// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// Which memory is held for ACPI's tables.
@Suite struct ACPIRangesTests {
  /// What is held and what was reported, printed.
  private func note(
    _ memory: FakeMemory, usable: [Range<UInt64>], capacity: Int = 16
  ) throws -> (held: String, reports: String) {
    let regionStorage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 8)
    defer { unsafe regionStorage.deallocate() }
    let heldStorage = UnsafeMutableBufferPointer<OwnedRange>.allocate(capacity: capacity)
    defer { unsafe heldStorage.deallocate() }
    var information = unsafe BootInformation(
      regions: MemoryRegionList(storage: regionStorage),
      heldRanges: OwnedRangeList(storage: heldStorage))
    information.regions.append(start: 0x7ff0_0000, byteCount: 0x1_0000, kind: .acpiReclaimable)
    for range in usable {
      information.regions.append(
        start: PhysicalAddress(range.lowerBound), byteCount: UInt64(range.count), kind: .usable)
    }
    var reports = PrintedText()
    let tables = try #require(
      ACPITables(rootPointer: nil, in: memory, reportingTo: &reports))
    try information.noteTables(tables, reportingTo: &reports)
    var printed = PrintedText()
    information.heldRanges.write(to: &printed)
    return (printed.text, reports.text)
  }

  /// A description table that leads to FACS and DSDT by addresses of 32 and of 64 bits.
  private func description(
    facs: UInt32 = 0, dsdt: UInt32 = 0, wideFACS: UInt64 = 0, wideDSDT: UInt64 = 0
  ) -> [UInt8] {
    var contents = ByteBuilder()
    contents.append(facs)
    contents.append(dsdt)
    contents.pad(to: 132 - 36)
    contents.append(wideFACS)
    contents.append(wideDSDT)
    return ACPIBuilder.table("FACP", revision: 6, contents.bytes)
  }

  @Test func noteTables_holdsWhatLiesInUsableMemory() throws {
    for isExtended in [false, true] {
      let memory = ACPIBuilder().memory(isExtended: isExtended)
      let result = try note(memory, usable: [0..<0x10_0000, 0x7ff0_0000..<0x7ff0_1000])
      // The table of affinities lies behind the usable memory.
      #expect(
        result.held == """
            00000000000f5a90-\(isExtended ? "00000000000f5ab3" : "00000000000f5aa3") ACPI tables
            000000007ff00000-000000007ff000\(isExtended ? "33" : "2b") ACPI tables
            000000007ff00100-000000007ff00126 ACPI tables

          """)
      #expect(result.reports == "")
    }
  }

  @Test func noteTables_elsewhereHoldNothing() throws {
    let result = try note(ACPIBuilder().memory(), usable: [0x10_0000..<0x7ff0_0000])
    #expect(result.held == "" && result.reports == "")
  }

  @Test func noteTables_inPartInUsableMemory_isHeld() throws {
    let result = try note(ACPIBuilder().memory(), usable: [0..<0xf_5a91])
    #expect(result.held == "  00000000000f5a90-00000000000f5aa3 ACPI tables\n")
  }

  @Test func noteTables_holdsWhatTheDescriptionTableLeadsTo() throws {
    var memory = ACPIBuilder().memory()
    memory.put(ACPIBuilder.table("DSDT", revision: 2, [1, 2, 3, 4]), at: 0x20_0000)
    memory.put(ACPIBuilder.table("FACS", revision: 2, []), at: 0x30_0000)
    let held = """
        0000000000300000-0000000000300023 ACPI tables
        0000000000200000-0000000000200027 ACPI tables

      """
    memory.put(description(facs: 0x30_0000, dsdt: 0x20_0000), at: 0x7ff0_0100)
    #expect(try note(memory, usable: [0x10_0000..<0x40_0000]).held == held)
    memory.put(
      description(facs: 1, dsdt: 2, wideFACS: 0x30_0000, wideDSDT: 0x20_0000), at: 0x7ff0_0100)
    let result = try note(memory, usable: [0x10_0000..<0x40_0000])
    #expect(result.held == held && result.reports == "")
  }

  @Test func noteTables_absurdSizeAndPlaceAreReported() throws {
    var memory = ACPIBuilder().memory()
    memory.put([0xff, 0xff, 0xff, 0xff], at: 0x7ff0_0104)
    memory.remove(from: 0x7ff0_1000, byteCount: 8)
    let result = try note(memory, usable: [0x7ff0_0000..<0x7ff0_2000])
    #expect(result.held == "  000000007ff00000-000000007ff0002b ACPI tables\n")
    #expect(
      result.reports == """
        firmware: ACPI table at 0x7ff00100: has no such size: 0xffffffff
        firmware: ACPI table at 0x7ff01000: is out of reach

        """)
  }

  @Test func noteTables_endlessListIsCut() throws {
    var memory = ACPIBuilder().memory()
    let addresses = Array(repeating: [UInt8](arrayLiteral: 0, 0, 0x20, 0), count: 40_000)
    memory.put(
      ACPIBuilder.table("RSDT", revision: 1, Array(addresses.joined())), at: 0x7ff0_0000)
    memory.put(ACPIBuilder.table("SSDT", revision: 1, []), at: 0x20_0000)
    let result = try note(memory, usable: [0x20_0000..<0x30_0000], capacity: 300)
    #expect(result.held.split(separator: "\n").count == 256)
    #expect(
      result.reports == """
        firmware: ACPI table of tables at 0x7ff00000: is read in part only, has entries: 0x9c40

        """)
  }

  @Test func noteTables_withoutRoom_saysHowMuchItNeeds() throws {
    #expect {
      try note(ACPIBuilder().memory(), usable: [0x7ff0_0000..<0x7ff0_2000], capacity: 2)
    } throws: { error in
      guard case FirmwareError.heldRangesFull(capacity: 2, needed: 3) = error else { return false }
      return true
    }
  }

  @Test func noteTables_upToTheirLimitsAreHeld() throws {
    for (byteCount, isHeld) in [(1 << 24, true), ((1 << 24) + 1, false)] as [(UInt32, Bool)] {
      var memory = ACPIBuilder().memory()
      var size = ByteBuilder()
      size.append(byteCount)
      memory.put(size.bytes, at: 0x7ff0_0104)
      let result = try note(memory, usable: [0x7ff0_0000..<0x7ff0_1000])
      #expect(result.held.contains("7ff00100-0000000080f000ff ACPI tables") == isHeld)
      #expect((result.reports == "") == isHeld)
    }
    var memory = ACPIBuilder().memory()
    let addresses = Array(repeating: [UInt8](arrayLiteral: 0, 0, 0x20, 0), count: 256)
    memory.put(
      ACPIBuilder.table("RSDT", revision: 1, Array(addresses.joined())), at: 0x7ff0_0000)
    memory.put(ACPIBuilder.table("SSDT", revision: 1, []), at: 0x20_0000)
    let result = try note(memory, usable: [0x20_0000..<0x30_0000], capacity: 300)
    #expect(result.held.split(separator: "\n").count == 256 && result.reports == "")
  }
}
