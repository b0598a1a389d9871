// SPDX-License-Identifier: MIT
import Foundation
import MapFiles
import MemoryMap
import PhysicalMemory
import Testing

/// Logs of Linux in which the map is not, or not only, that of the BIOS.
@Suite struct KernelLogMapsTests {
  @Test func xenMap_isReadLikeTheBIOS() throws {
    let file = try readReport("xen-dom0-log/input.txt")
    #expect(
      file.shortText == [
        "0+91000 usable", "91400+6ec00 reserved", "100000+3ff00000 usable",
        "40000000+7000 acpi_nvs",
      ])
    #expect(file.commandLine == "console=tty0 ro")
    #expect(file.notes == [])
    #expect(
      try read(" Xen: 0000000000000000 - 0000000000090000 (usable)\n").shortText
        == ["0+90000 usable"])
  }

  @Test func userMap_isInForce() throws {
    let file = try read(
      """
      [    0.000000] Linux version 5.10.0 (gcc) #1 SMP
      [    0.000000] Command line: memmap=1G$1G
      [    0.000000] BIOS-provided physical RAM map:
      [    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
      [    0.000000] BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable
      [    0.000000] user-defined physical RAM map:
      [    0.000000] user: [mem 0x0000000000000000-0x000000000009fbff] usable
      [    0.000000] user: [mem 0x0000000000100000-0x000000003fffffff] usable
      [    0.000000] user: [mem 0x0000000040000000-0x000000007fffffff] reserved
      [    0.000000] user: [mem 0x0000000080000000-0x00000000bfffffff] usable
      [    0.000000] user: session 1 of user root
      """)
    #expect(
      file.shortText == [
        "0+9fc00 usable", "100000+3ff00000 usable", "40000000+40000000 reserved",
        "80000000+40000000 usable",
      ])
    #expect(file.entries.map(\.line) == [7, 8, 9, 10])
    #expect(
      file.notes == [
        "of the log's maps, user: from line 7 on is in force; left out, with the number of lines: "
          + "BIOS-e820: (2)"
      ])
  }

  /// The map after the last heading counts, even when the name is the same.
  @Test func modifiedMap_theLastIsInForce() throws {
    let file = try read(
      """
      BIOS-e820: [mem 0x0000000000000000-0x000000003fffffff] usable
      modified physical RAM map:
      modified: [mem 0x0000000000000000-0x000000002fffffff] usable
      modified physical RAM map:
      modified: [mem 0x0000000000000000-0x000000001fffffff] usable
      """)
    #expect(file.shortText == ["0+20000000 usable"])
    #expect(
      file.notes == [
        "of the log's maps, modified: from line 5 on is in force; left out, with the number of "
          + "lines: BIOS-e820: (1), modified: (1)"
      ])
  }

  @Test func efiDescriptors_areReadAsArmAndRISCVPrintThem() throws {
    let file = try read(
      """
      [    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]
      [    0.000000] Linux version 6.1.0 (gcc) #1 SMP
      [    0.000000] efi: EFI v2.70 by EDK II
      [    0.000000] efi: SMBIOS 3.0=0x13f5f0000 MEMATTR=0x13e6c5018 ACPI 2.0=0x13c030018
      [    0.000000] efi: Processing EFI memory map:
      [    0.000000] efi:   0x000004000000-0x000007ffffff [Memory Mapped I/O  |RUN|  |  |  |UC]
      [    0.000000] efi:   0x000040000000-0x00004007ffff [Loader Data        |   |  |WB|WT|WC|UC]
      [    0.000000] efi:   0x000040080000-0x0000bfffffff [Conventional Memory|   |  |WB|WT|WC|UC]*
      [    0.000000] efi:   0x0000c0000000-0x0000c000ffff [Runtime Data|RUN|  |WB|WT|WC|UC]
      [    0.000000] Early memory node ranges
      [    0.000000]   node   0: [mem 0x0000000040000000-0x00000000bfffffff]
      [    0.000000] Initmem setup node 0 [mem 0x0000000040000000-0x00000000bfffffff]
      """)
    #expect(
      file.shortText == [
        "4000000+4000000 reserved", "40000000+80000 usable", "40080000+7ff80000 usable",
        "c0000000+10000 reserved",
      ])
    #expect(
      file.notes == [
        "of the log's maps, efi: from line 6 on is in force; left out, with the number of lines: "
          + "Early memory node ranges (1)"
      ])
    // An amount, as on every processor with a device tree.
    #expect(file.memoryLimitMeaning == .amount)
  }

  @Test func memblock_isTheMapWhereThereIsNoOther() throws {
    let file = try read(
      """
      [    0.000000] Linux version 6.6.0 (riscv64-linux-gnu-gcc) #1 SMP
      [    0.000000] MEMBLOCK configuration:
      [    0.000000]  memory size = 0x000000003fe00000 reserved size = 0x0000000000800000
      [    0.000000]  memory.cnt  = 0x2
      [    0.000000]  memory[0x0]\t[0x0000000080000000-0x000000008007ffff], 0x0000000000080000 bytes \
      on node 0 flags: 0x4
      [    0.000000]  memory[0x1]\t[0x0000000080200000-0x00000000bfffffff], 0x000000003fe00000 bytes \
      on node 0 flags: 0x0
      [    0.000000]  reserved.cnt  = 0x1
      [    0.000000]  reserved[0x0]\t[0x0000000080200000-0x00000000809fffff], 0x0000000000800000 bytes \
      flags: 0x0
      [    0.000000] Early memory node ranges
      [    0.000000]   node   0: [mem 0x0000000080200000-0x00000000bfffffff]
      """)
    #expect(file.shortText == ["80000000+80000 no-map", "80200000+3fe00000 usable"])
    #expect(
      file.heldRanges == [
        OwnedRange(
          range: AddressRange(0x8020_0000..<0x80a0_0000), owner: .loader(.memoryReservation(0)))
      ])
    #expect(file.memoryLimitMeaning == .amount)
    #expect(file.nodes.isEmpty)
    #expect(
      file.notes == [
        "of the log's maps, MEMBLOCK configuration from line 5 on is in force; left out, with the "
          + "number of lines: Early memory node ranges (1)"
      ])
  }

  /// A log that was cut at the end of a line.
  @Test func memblock_linesThatAreMissing_areNoted() throws {
    let file = try read(
      """
      MEMBLOCK configuration:
       memory size = 0x0000000040000000 reserved size = 0x0000000000900000
       memory.cnt  = 0x2
       memory[0x0]\t[0x0000000080000000-0x00000000bfffffff], 0x0000000040000000 bytes flags: 0x0
       reserved.cnt  = 0x3
       reserved[0x0]\t[0x0000000080200000-0x00000000809fffff], 0x0000000000800000 bytes flags: 0x0
       reserved[0x1]\t[0x0000000081000000-0x00000000810fffff], 0x0000000000100000 bytes flags: 0x0
      """)
    #expect(
      file.notes == [
        "memory.cnt is 2, and there are 1 lines of memory[]",
        "reserved.cnt is 3, and there are 2 lines of reserved[]",
      ])
  }

  @Test func memblock_countThatIsNone_isAnErrorWithItsLine() {
    #expect(
      errorText("MEMBLOCK configuration:\n memory.cnt  = 2\n")
        == "FILE:2: error: the number of ranges is memory.cnt = COUNT, with 0x")
  }

  /// Bit 0 of the flags.
  @Test func memblock_hotPluggableMemory_isNotedAsSuch() throws {
    let file = try read(
      """
      MEMBLOCK configuration:
       memory.cnt  = 0x3
       memory[0x0]\t[0x0000000000001000-0x000000000009efff], 0x000000000009e000 bytes on node 0 \
      flags: 0x0
       memory[0x1]\t[0x0000000000100000-0x00000000bffd9fff], 0x00000000bfeda000 bytes on node 0 \
      flags: 0x3
       memory[0x2]\t[0x0000000100000000-0x000000023fffffff], 0x0000000140000000 bytes on node 1 \
      flags: 0x1
      """)
    #expect(
      file.hotPluggable == [
        AddressRange(0x10_0000..<0xbffd_a000), AddressRange(0x1_0000_0000..<0x2_4000_0000),
      ])
    #expect(
      file.shortNodes == [
        "0/0 1000+9e000", "0/0 100000+bfeda000 hot", "1/1 100000000+140000000 hot",
      ])
  }

  @Test func earlyNodes_areTheMapAndTheNodesWhereThereIsNoOther() throws {
    let file = try read(
      """
      Movable zone start for each node
      Early memory node ranges
        node   0: [mem 0x0000000000001000-0x000000000009efff]
        node   0: [mem 0x0000000000100000-0x000000003fffffff]
        node   1: [mem 0x0000000040000000-0x000000007fffffff]
      Initmem setup node 0 [mem 0x0000000000001000-0x000000003fffffff]
      On node 0: 97 pages in unavailable ranges
      """)
    #expect(file.form == .dmesg)
    #expect(
      file.shortText == ["1000+9e000 usable", "100000+3ff00000 usable", "40000000+40000000 usable"])
    #expect(
      file.shortNodes == ["0/0 1000+9e000", "0/0 100000+3ff00000", "1/1 40000000+40000000"])
    #expect(file.notes == ["the nodes are those of Early memory node ranges"])
  }

  @Test(arguments: [
    (
      "Xen: [mem 0x0000000000000000-0x000000",
      "FILE:2: error: a line of the map is Xen: [mem START-LAST] TYPE"
    ),
    ("user: [me", "FILE:2: error: a line of the map is user: START - END (TYPE)"),
    ("user: 00000000001000", "FILE:2: error: a line of the map is user: START - END (TYPE)"),
    (
      "user: [mem 0x0000000000000000-0x000000000009fbff] usab",
      "FILE:2: error: no such type of memory: usab; there are usable, soft_reserved, acpi_data, "
        + "persistent, acpi_nvs, reserved, unusable, no-map, and typeN for e820's number N"
    ),
    (
      "efi:   0x000040000000-0x0000400",
      "FILE:2: error: a descriptor is efi: START-LAST [NAME|ATTRIBUTES]"
    ),
    (
      "  memory[0x0]\t[0x1000-0x1fff], 0x2000 bytes flags: 0x0",
      "FILE:2: error: the range has 0x1000 bytes, and not 0x2000"
    ),
    (
      "  memory[0x0]\t[0x1000-0x1fff], 0x1000 by",
      "FILE:2: error: a line is memory[NUMBER] [START-LAST], SIZE bytes flags: FLAGS"
    ),
    (
      "  memory[0x0]\t[0x1000-0x1fff], 0x1000 bytes on node 1024 flags: 0x0",
      "FILE:2: error: no number of a node in this line"
    ),
    (
      "Early memory node ranges\n  node   0: [mem 0x0000000000001000-0x0000",
      "FILE:3: error: a line of the nodes' memory is node N: [mem START-LAST]"
    ),
  ])
  func brokenLine_isAnError(line: String, error: String) {
    #expect(errorText("Linux version 6.0\n\(line)\n") == error)
  }
}
