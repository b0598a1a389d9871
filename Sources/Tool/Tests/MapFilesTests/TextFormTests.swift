// SPDX-License-Identifier: MIT
import MapFiles
import Testing

/// The forms of text other than a log of Linux.
@Suite struct TextFormTests {
  @Test func table_mayHaveCommentsAndEFITypes() throws {
    let file = try read(
      """
      # comment
      0000000000000000 0000000000001000 Boot_Data WB,WT,WC,UC
      0000000000001000 0000000000002000 Conventional UC
      0x2000 0x3000 persistent_type7 # behind a line
      4000 5000 Conventional f
      3000 3000 reserved
      """)
    #expect(
      file.shortText == [
        "0+1000 usable", "1000+1000 reserved", "2000+1000 persistent",
        "4000+1000 usable", "3000+0 reserved",
      ])
  }

  /// 2^64, which does not fit in 64 bits, ends the last possible range.
  @Test func end_mayBeTheTopOfAllAddresses() throws {
    #expect(
      try read("fffffffffffff000 10000000000000000 reserved\n").shortText
        == ["fffffffffffff000+1000 reserved"])
    #expect(
      try read("1000 0x10000000000000000 usable\n").shortText
        == ["1000+fffffffffffff000 usable"])
    #expect(
      try read("1 0 100000000 10000000000000000 -\n").shortNodes
        == ["1/0 100000000+ffffffff00000000"])
    #expect(
      try read("BIOS-e820: 0000000000001000 - 10000000000000000 (reserved)\n").shortText
        == ["1000+fffffffffffff000 reserved"])
  }

  /// Every name that a message lists can be read.
  @Test func spellingsInMessages_areRead() throws {
    for line in ["0 1000 x", "0 1000 x WB"] {
      let message = try #require(errorText(line))
      let list = try #require(message.split(separator: "there are ").last)
      let names = list.split(separator: ", ").filter { !$0.hasPrefix("and") }
      #expect(names.count == (line.hasSuffix("WB") ? 16 : 8))
      for name in names {
        let text = line.replacing("x", with: name, maxReplacements: 1)
        #expect(errorText(text) == nil, "\(text)")
      }
    }
  }

  @Test(arguments: [true, false], [true, false])
  func utf16_isNamed(hasMark: Bool, isLittleEndian: Bool) {
    let text = "0 9fc00 usable\n100000 200000 usable\n"
    var bytes: [UInt8] = []
    for unit in (hasMark ? [0xfeff] : []) + Array(text.utf16) {
      let pair = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
      bytes += isLittleEndian ? pair : pair.reversed()
    }
    #expect(
      throws: MapFileError(
        file: "FILE", "UTF-16, not UTF-8: convert it, as by iconv -f UTF-16 -t UTF-8")
    ) {
      try MapFile(reading: bytes, name: "FILE")
    }
  }

  @Test func memmapDirectory_isReadAndItsFilesNamed() throws {
    func read(_ end: String) throws(MapFileError) -> MapFile {
      try MapFile(
        readingMemmap: [
          ("0/start", Array("0x0\n".utf8)), ("0/end", Array(end.utf8)),
          ("0/type", Array("System RAM\n".utf8)),
        ], name: "DIR")
    }
    #expect(try read("0x9fbff\n").shortText == ["0+9fc00 usable"])
    #expect(throws: MapFileError(file: "DIR/0/end", "no hexadecimal number of 64 bits: fish")) {
      try read("fish\n")
    }
    #expect(
      throws: MapFileError(file: "DIR", "this directory is not a copy of /sys/firmware/memmap")
    ) {
      try MapFile(readingMemmap: [], name: "DIR")
    }
  }

  @Test func nodes_areATableOfFiveWords() throws {
    let file = try read(
      "0 0 0000000000000000 00000000000a0000 -\n1 4 100000000 200000000 hotplug\n")
    #expect(file.form == .nodes)
    #expect(file.shortNodes == ["0/0 0+a0000", "1/4 100000000+100000000 hot"])
  }

  @Test func ioMemory_isReadWithoutDevices() throws {
    let file = try read(
      """
      00000000-00000fff : Reserved
      00001000-0009fbff : System RAM
      000a0000-000fffff : PCI Bus 0000:00
        000f0000-000fffff : Reserved
      00100000-07fdffff : System RAM
        01000000-01e0025f : Kernel code
      fee00000-fee00fff : Local APIC
        fee00000-fee00fff : Reserved
      """)
    #expect(file.form == .iomem)
    #expect(
      file.shortText == [
        "0+1000 reserved", "1000+9ec00 usable", "f0000+10000 reserved", "100000+7ee0000 usable",
        "fee00000+1000 reserved",
      ])
    #expect(file.notes == ["3 ranges of devices are left out"])
  }

  @Test func ioMemory_withHiddenAddressesIsAnError() {
    let text = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n"
    #expect(
      errorText(text) == "FILE:1: error: all addresses are 0: the kernel shows them only to root")
  }

  @Test func memmap_isReadAsGrepPrintsIt() throws {
    let file = try read(
      """
      /sys/firmware/memmap/1/end:0xfffff
      /sys/firmware/memmap/1/start:0xf0000
      /sys/firmware/memmap/1/type:ACPI Non-volatile Storage
      /sys/firmware/memmap/0/end:0x9fbff
      /sys/firmware/memmap/0/start:0x0
      /sys/firmware/memmap/0/type:System RAM
      """)
    #expect(file.form == .memmap)
    #expect(file.shortText == ["0+9fc00 usable", "f0000+10000 acpi_nvs"])
  }

  @Test func demonstration_isReadAsTheKernelPrintsIt() throws {
    let file = try read(
      """
      SeaBIOS (version 1.16.2)\r
      swift-bootmem on i386\r
      memory map as given:\r
        0000000000000000-000000000009fbff usable        639 KiB\r
        0000000000000000-................ usable        0 B\r
        00000000fffc0000-00000000ffffffff reserved      256 KiB\r
      memory map as sanitised:\r
        0000000000000000-000000000009efff usable        636 KiB\r
      """)
    #expect(file.form == .kernel)
    #expect(file.shortText == ["0+9fc00 usable", "0+0 usable", "fffc0000+40000 reserved"])
  }

  @Test(arguments: [
    (
      "0 1000 usabel",
      "FILE:1: error: no such type of memory: usabel; there are usable, soft_reserved, acpi_data, "
        + "persistent, acpi_nvs, reserved, unusable, no-map, and typeN for e820's number N"
    ),
    ("0 1000", "FILE:1: error: a line of a table is START END TYPE, not 2 words"),
    (
      "0 1000 usable\njunk 2000 usable",
      "FILE:2: error: START is not a hexadecimal number of 64 bits: junk"
    ),
    ("junk\n0 1000 usable", "FILE:1: error: a line of a table is START END TYPE, not 1 words"),
    (
      "0 10000000000000001 usable",
      "FILE:1: error: END is not a hexadecimal number up to 2^64: 10000000000000001"
    ),
    (
      "0 10000000000000000 usable",
      "FILE:1: error: a range of all 2^64 bytes is more than a size can hold"
    ),
    (
      "10000000000000000 10000000000000000 usable",
      "FILE:1: error: START is not a hexadecimal number of 64 bits: 10000000000000000"
    ),
    ("2000 1000 usable", "FILE:1: error: the range ends at 0x1000, before its start 0x2000"),
    (
      "0 1000 usable WB",
      "FILE:1: error: no such type of EFI memory: usable; there are Reserved, Loader_Code, "
        + "Loader_Data, Boot_Code, Boot_Data, Runtime_Code, Runtime_Data, Conventional, Unusable, "
        + "ACPI_Reclaim, ACPI_Mem_NVS, MMIO, MMIO_Port, PAL_Code, Persistent, Unaccepted, and "
        + "typeN for number N"
    ),
    (
      "\u{feff}0 1000 usable",
      "FILE:1: error: a byte order mark: save the text as UTF-8 without one"
    ),
    ("1024 0 0 1000 -", "FILE:1: error: no number of a node: 1024"),
    ("a b c d e", "FILE:1: error: no number of a node: a"),
    ("0 0 0 1000 cold", "FILE:1: error: no such flag: cold"),
    ("0-fff : System RAM\nnonsense", "FILE:2: error: a line of /proc/iomem is START-LAST : NAME"),
    ("0/start:0x0\n0/end:0xfff", "FILE:1: error: entry 0 is missing its start, end or type"),
    ("0/start:0x0\n0/start:0x0", "FILE:2: error: entry 0 has its start twice"),
    (
      "0/start:0x0\n0/end:fish\n0/type:Reserved",
      "FILE:2: error: no hexadecimal number of 64 bits: fish"
    ),
    (
      "memory map as given:\n  zz",
      "FILE:2: error: a line of the map is START-LAST KIND SIZE"
    ),
    (
      "memory map as given:\n",
      "FILE:1: error: no memory map in this output of the demonstration kernel"
    ),
    (
      "hello\n",
      "FILE:1: error: no memory map: no line is of a form that bootmem map --help lists"
    ),
    (
      "",
      "FILE:1: error: no memory map: no line is of a form that bootmem map --help lists"
    ),
  ])
  func brokenText_isAnErrorWithItsLine(text: String, error: String) {
    #expect(errorText(text) == error)
  }
}
