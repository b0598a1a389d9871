// SPDX-License-Identifier: MIT
import MapFiles
import Testing

@Suite struct KernelLogTests {
  @Test func newSpelling_hasInclusiveEnds() throws {
    let file = try read(
      """
      [    0.000000] Linux version 6.1.0 (gcc) #1 SMP
      [    0.000000] BIOS-provided physical RAM map:
      [    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
      [    0.000000] BIOS-e820: [mem 0x00000000000f0000-0x00000000000fffff] ACPI NVS
      [    0.000000] BIOS-e820: [mem 0x0000000100000000-0x000000017fffffff] persistent (type 12)
      [    0.000000] BIOS-e820: [mem 0x0000000200000000-0x00000002000fffff] type 20
      [    0.000000] NX (Execute Disable) protection: active
      """)
    #expect(file.form == .dmesg)
    #expect(
      file.shortText == [
        "0+9fc00 usable", "f0000+10000 acpi_nvs", "100000000+80000000 persistent",
        "200000000+100000 reserved",
      ])
    #expect(file.entries.map(\.line) == [3, 4, 5, 6])
    #expect(file.entries[3].kindName == "type 20")
  }

  @Test func oldSpelling_hasExclusiveEnds() throws {
    let file = try read(
      """
      <6> BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)\r
      <6> BIOS-e820: 00000000000f0000 - 0000000000100000 (ACPI data)\r
      """)
    #expect(file.shortText == ["0+9fc00 usable", "f0000+10000 acpi_data"])
  }

  @Test func emptyEntry_isOneThatEndsBeforeItsStart() throws {
    let file = try read("BIOS-e820: [mem 0x0000000000000000-0xffffffffffffffff] usable\n")
    #expect(file.shortText == ["0+0 usable"])
  }

  @Test func efiDescriptors_areTheMapWhereThereIsNoOther() throws {
    let file = try read(
      """
      efi: mem00: [Boot Data          |   |  |  |  |  |  |  |  |   |WB|WT|WC|UC] \
      range=[0x0000000000000000-0x0000000000000fff] (0MB)
      efi: mem01: [Conventional Memory|   |  |  |  |  |  |   |WB|WT|WC|UC] \
      range=[0x0000000000001000-0x000000000009ffff] (0MB)
      efi: mem02: [Conventional|   |  |SP|  |  |  |  |  |   |WB|WT|WC|UC] \
      range=[0x0000000100000000-0x00000001ffffffff] (4096MB)
      efi: mem03: [Memory Mapped I/O  |RUN|  |  |  |  |  |   |  |  |  |UC] \
      range=[0x00000000e0000000-0x00000000efffffff] (256MB)
      EFI: mem04: type=7, attr=0xf, range=[0x0000000000100000-0x0000000000200000) (1MB)
      efi: Remove mem93: MMIO range=[0xe0000000-0xefffffff] (256MB) from e820 map
      efi: memattr: Unexpected EFI Memory Attributes table version
      """)
    #expect(
      file.shortText == [
        "0+1000 usable", "1000+9f000 usable", "100000000+100000000 soft_reserved",
        "e0000000+10000000 reserved", "100000+100000 usable",
      ])
    #expect(file.entries[0].kindName == "Boot Data")
  }

  @Test func efiDescriptors_giveWayToTheMapOfTheStub() throws {
    let file = try read(
      """
      efi: mem00: [Conventional|WB] range=[0x0000000000000000-0x0000000000000fff] (0MB)
      BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
      """)
    #expect(file.shortText == ["0+a0000 usable"])
    #expect(
      file.notes == [
        "of the log's maps, BIOS-e820: from line 2 on is in force; left out, with the number of lines: "
          + "efi: (1)"
      ])
  }

  @Test func affinities_areReadInBothSpellings() throws {
    let file = try read(
      """
      SRAT: PXM 0 -> APIC 0x00 -> Node 0
      ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0x0009ffff]
      ACPI: SRAT: Node 1 PXM 4 [mem 0x100000000-0x1ffffffff] hotplug
      SRAT: Node 2 PXM 5 200000000-300000000
      NUMA: Node 0 [mem 0x00000000-0x0009ffff] + [mem 0x00100000-0x7fffffff] -> [mem 0x0-0x7fffffff]
      """)
    #expect(
      file.shortNodes == [
        "0/0 0+a0000", "1/4 100000000+100000000 hot", "2/5 200000000+100000000",
      ])
  }

  @Test func ofSeveralBoots_theLastCounts() throws {
    let file = try read(
      """
      Linux version 5.0
      BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
      Linux version 6.0
      BIOS-e820: [mem 0x0000000000000000-0x000000000000ffff] usable
      """)
    #expect(file.shortText == ["0+10000 usable"])
    #expect(file.notes == ["the log has 2 boots; this is the last one"])
  }

  @Test(arguments: [
    (
      "BIOS-e820: [mem 0x0000000000000000-0x00000000000",
      "FILE:2: error: a line of the map is BIOS-e820: [mem START-LAST] TYPE"
    ),
    (
      "BIOS-e820: [mem 0x0-0xfff] usabel",
      "FILE:2: error: no such type of memory: usabel; there are usable, soft_reserved, acpi_data, "
        + "persistent, acpi_nvs, reserved, unusable, no-map, and typeN for e820's number N"
    ),
    (
      "BIOS-e820: 0000 - zzz (usable)",
      "FILE:2: error: a line of the map is BIOS-e820: START - END (TYPE)"
    ),
    (
      "BIOS-e820: [mem 0x5000-0xfff] usable",
      "FILE:2: error: the range ends at 0xfff, before its start 0x5000"
    ),
    (
      "BIOS-e820: [mem 0x10000000000000000-0xfff] usable",
      "FILE:2: error: a line of the map is BIOS-e820: [mem START-LAST] TYPE"
    ),
    (
      "efi: mem00: [Nonsense|WB] range=[0x0-0xfff] (0MB)",
      "FILE:2: error: no such type of EFI memory: Nonsense; there are Reserved, Loader_Code, "
        + "Loader_Data, Boot_Code, Boot_Data, Runtime_Code, Runtime_Data, Conventional, Unusable, "
        + "ACPI_Reclaim, ACPI_Mem_NVS, MMIO, MMIO_Port, PAL_Code, Persistent, Unaccepted, and "
        + "typeN for number N"
    ),
    (
      "SRAT: Node x PXM 0 [mem 0x0-0xfff]",
      "FILE:2: error: a line of the SRAT is SRAT: Node N PXM P [mem START-LAST]"
    ),
    (
      "SRAT: Node 9223372036854775807 PXM 0 [mem 0x0-0xfff]",
      "FILE:2: error: a line of the SRAT is SRAT: Node N PXM P [mem START-LAST]"
    ),
    ("", "FILE:1: error: no memory map in this Linux boot log"),
  ])
  func brokenLine_isAnError(line: String, error: String) {
    #expect(errorText("Linux version 6.0\n\(line)\n") == error)
  }

  @Test(arguments: [
    "[    0.000000] Command line: ro mem=64M",
    "<6>[    0.000000][    T0] Kernel command line: ro mem=64M",
    "Nov 28 15:00:00 host kernel: Command line: ro mem=64M",
    "Command line: ro mem=64M",
  ])
  func commandLine_isRead(line: String) throws {
    let text = """
      Linux version 5.0
      \(line)
      BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
      [    0.020000] Kernel command line: another
      [    0.030000] Unknown kernel command line parameters "ro", will be passed to user space.
      """
    let file = try MapFile(reading: Array(text.utf8), name: "FILE")
    #expect(file.commandLine == "ro mem=64M")
  }

  @Test func commandLine_isThatOfTheLastBoot() throws {
    let text = """
      Linux version 5.0
      Command line: one
      BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
      Linux version 5.0
      BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
      """
    #expect(try MapFile(reading: Array(text.utf8), name: "FILE").commandLine == "")
  }
}
