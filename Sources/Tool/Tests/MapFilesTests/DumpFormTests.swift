// SPDX-License-Identifier: MIT
import MapFiles
import MemoryMap
import PhysicalMemory
import Testing

/// Maps as firmware, loaders and other kernels print them.
@Suite struct DumpFormTests {
  static let efiShell = """
    Shell> memmap
    Type       Start            End              # Pages          Attributes
    BS_Code    0000000000000000-0000000000000FFF 0000000000000001 000000000000000F
    Available  0000000000001000-000000000009FFFF 000000000000009F 000000000000000F
    LoaderData 0000000000100000-00000000001FFFFF 0000000000000100 000000000000000F
    70000001   0000000000200000-0000000000200FFF 0000000000000001 000000000000000F
    Available  0000000100000000-00000001FFFFFFFF 0000000000100000 000000000004000F
    MMIO       00000000FFC00000-00000000FFFFFFFF 0000000000000400 8000000000000001

      Reserved  :              0 Pages (0 Bytes)
      LoaderData:            256 Pages (1,048,576 Bytes)
    Total Memory:  4,097 MB (4,296,015,872 Bytes)
    Shell>
    """

  static let lsmmap = """
    grub> lsmmap
    base_addr = 0x0, length = 0x9fc00, available RAM
    base_addr = 0x9fc00, length = 0x400, reserved RAM
    base_addr = 0x100000, length = 0x7ee0000, available RAM
    base_addr = 0x7fe0000, length = 0x10000, ACPI reclaimable RAM
    base_addr = 0x7ff0000, length = 0x10000, ACPI non-volatile storage RAM
    base_addr = 0x8000000, length = 0x1000, faulty RAM (BadRAM)
    base_addr = 0x100000000, length = 0x1000, type = 0x14
    """

  static let xen = """
    (XEN) Xen version 4.17.0 (builder@host) (gcc 12.2.0) debug=n
    (XEN) [00000021f0a3c5d1] Xen-e820 RAM map:
    (XEN) [00000021f0a4e0b7]  [0000000000000000, 000000000009fbff] (usable)
    (XEN)  [000000000009fc00, 000000000009ffff] (reserved)
    (XEN) [    0.000000] [0000000000100000, 000000007ffdffff] (usable)
    (XEN)  [000000007ffe0000, 000000007fffffff] (ACPI NVS)
    (XEN) System RAM: 2047MB (2096640kB)
    (XEN) HVM4:   0: 0000000000000000 - 000000000009fc00 = 1 RAM
    """

  static let bdinfo = """
    => bdinfo
    boot_params = 0x0000000000000000
    DRAM bank   = 0x0000000000000000
    -> start    = 0x0000000040000000
    -> size     = 0x0000000080000000
    DRAM bank   = 0x0000000000000001
    -> start    = 0x0000000100000000
    -> size     = 0x0000000040000000
    flashsize   = 0x0000000004000000
    relocaddr   = 0x00000000bfefb000
    lmb_dump_all:
     memory.cnt = 0x2 / max = 0x10
     memory[0]\t[0x40000000-0xbfffffff], 0x80000000 bytes flags: 0
     memory[1]\t[0x100000000-0x13fffffff], 0x40000000 bytes flags: 0
     reserved.cnt = 0x1 / max = 0x10
     reserved[0]\t[0xbddb3000-0xbfffffff], 0x0224d000 bytes, flags: no-overwrite
    arch_number = 0x0000000000000000
    """

  static let coreboot = """
    [DEBUG]  Writing coreboot table at 0x768c5000
    [DEBUG]   0. 0000000000000000-0000000000000fff: CONFIGURATION TABLES
    [DEBUG]   1. 0000000000001000-000000000009ffff: RAM
    [DEBUG]   2. 00000000000a0000-00000000000fffff: RESERVED
    [DEBUG]   3. 0000000000100000-0000000076898fff: RAM
    [DEBUG]   4. 0000000076899000-0000000076ac8fff: RAMSTAGE
    [INFO ]  CBFS: Found 'fallback/payload' @0x38fc0 size 0x11a33
    """

  static let smap = """
    FreeBSD 14.0-RELEASE #0 releng/14.0: GENERIC amd64
    SMAP type=01 base=0000000000000000 len=000000000009fc00
    SMAP type=02 base=000000000009fc00 len=0000000000000400
    SMAP type=01, xattr=01, base=0000000000100000, len=000000003fee0000
    SMAP type=03 base=000000003ffe0000 len=0000000000020000
    Physical memory chunk(s):
    """

  @Test func efiShell_isReadWithoutItsSums() throws {
    let file = try read(Self.efiShell)
    #expect(file.form == .efiShell)
    #expect(
      file.shortText == [
        "0+1000 usable", "1000+9f000 usable", "100000+100000 usable", "200000+1000 reserved",
        "100000000+100000000 soft_reserved", "ffc00000+400000 reserved",
      ])
    #expect(file.entries[3].kindName == "70000001")
    #expect(file.notes == [])
    #expect(
      try readReport("efi-shell-memmap/input.txt").shortText == [
        "0+1000 usable", "1000+9f000 usable", "100000+3ff00000 usable",
        "40000000+ce000 reserved", "400ce000+8000 acpi_nvs", "400d6000+1000 acpi_data",
      ])
  }

  @Test func efiShell_ofTwoTablesTheLastCounts() throws {
    let file = try read(Self.efiShell + "\n" + Self.efiShell)
    #expect(file.entries.count == 6)
    #expect(file.notes == ["the text has 2 tables; this is the last one"])
  }

  @Test func lsmmap_isRead() throws {
    let file = try read(Self.lsmmap)
    #expect(file.form == .lsmmap)
    #expect(
      file.shortText == [
        "0+9fc00 usable", "9fc00+400 reserved", "100000+7ee0000 usable",
        "7fe0000+10000 acpi_data", "7ff0000+10000 acpi_nvs", "8000000+1000 unusable",
        "100000000+1000 reserved",
      ])
  }

  @Test func xenLog_isReadInBothSpellings() throws {
    let file = try read(Self.xen)
    #expect(file.form == .xen)
    #expect(
      file.shortText == [
        "0+9fc00 usable", "9fc00+400 reserved", "100000+7fee0000 usable",
        "7ffe0000+20000 acpi_nvs",
      ])
    let old = try read(
      """
      (XEN) Xen-e820 RAM map:
      (XEN)  0000000000000000 - 0000000000058000 (usable)
      (XEN)  00000000d92a5000 - 00000000d92d6000 (ACPI data)
      """)
    #expect(old.shortText == ["0+58000 usable", "d92a5000+31000 acpi_data"])
  }

  @Test func xenLog_saysThatThereAreOtherMaps() throws {
    let file = try read(
      """
      \(Self.xen)
      (XEN) TBOOT RAM map:
      (XEN)  0000000000000000 - 0000000000058000 (usable)
      [    0.000000] Xen: [mem 0x0000000000000000-0x0000000000090fff] usable
      """)
    #expect(file.shortText == ["0+58000 usable"])
    #expect(
      file.notes == [
        "the log has 2 maps of Xen; this is the last one",
        "the map is Xen's; that of Linux in this log is read with --form dmesg",
      ])
    let linux = try read("(XEN) x RAM map:\nXen: [mem 0x0-0xfff] usable\n", form: .dmesg)
    #expect(linux.shortText == ["0+1000 usable"])
  }

  @Test func bdinfo_hasTheBanksAndWhatIsReserved() throws {
    let file = try read(Self.bdinfo)
    #expect(file.form == .bdinfo)
    #expect(file.shortText == ["40000000+80000000 usable", "100000000+40000000 usable"])
    #expect(file.entries.map(\.line) == [4, 7])
    #expect(
      file.heldRanges == [
        OwnedRange(
          range: AddressRange(0xbddb_3000..<0xc000_0000), owner: .loader(.memoryReservation(0)))
      ])
    #expect(file.memoryLimitMeaning == .amount)
    #expect(
      file.notes == [
        "the map is that of the banks; left out are the 2 ranges of memory of lmb",
        "what lmb has reserved is held, U-Boot's own memory with it",
      ])
    #expect(
      try read("memstart    = 0x00000000\nmemsize     = 0x08000000\n").shortText
        == ["0+8000000 usable"])
  }

  @Test func coreboot_isRead() throws {
    let file = try read(Self.coreboot)
    #expect(file.form == .coreboot)
    #expect(
      file.shortText == [
        "0+1000 reserved", "1000+9f000 usable", "a0000+60000 reserved",
        "100000+76799000 usable", "76899000+230000 usable",
      ])
    let second = try read(Self.coreboot + "\n 0. 0000000000000000-000000000009ffff: RAM\n")
    #expect(second.shortText == ["0+a0000 usable"])
    #expect(second.notes == ["the log has 2 tables; this is the last one"])
  }

  @Test func smap_isReadInBothSpellings() throws {
    let file = try read(Self.smap)
    #expect(file.form == .smap)
    #expect(
      file.shortText == [
        "0+9fc00 usable", "9fc00+400 reserved", "100000+3fee0000 usable",
        "3ffe0000+20000 acpi_data",
      ])
  }

  @Test(arguments: [
    (efiShell, MapFileForm.efiShell), (lsmmap, .lsmmap), (xen, .xen), (bdinfo, .bdinfo),
    (coreboot, .coreboot), (smap, .smap),
  ])
  func form_mayBeGiven(text: String, form: MapFileForm) throws {
    #expect(try read(text, form: form).entries == read(text).entries)
    do {
      _ = try read("hello\n", form: form)
      Issue.record("read")
    } catch {
      #expect(error.description == "FILE:1: error: no memory map in this \(form.title)")
    }
  }

  @Test(arguments: [
    (
      "Type Start End\nRT_Data 0000000040000000-00000000400CDFFF 00000000000000CE 8000000",
      "FILE:2: error: a descriptor is TYPE START-LAST PAGES ATTRIBUTES"
    ),
    (
      "Type Start End\nRT_Data 0000000040000000-00000000400CDFFF 00000000000000",
      "FILE:2: error: a descriptor is TYPE START-LAST PAGES ATTRIBUTES"
    ),
    (
      "Type Start End\nAvailable 0000000000000000-0000000000001FFF 0000000000000001 000000000000000F",
      "FILE:2: error: the range has 0x2000 bytes, and not 0x1 pages"
    ),
    (
      "base_addr = 0x0, length = 0x9fc",
      "FILE:1: error: a line of lsmmap is base_addr = START, length = SIZE, TYPE"
    ),
    (
      "base_addr = 0x0, length = 0x9fc00, avail",
      "FILE:1: error: no such type of GRUB's memory: avail"
    ),
    (
      "base_addr = 0xfffffffffffff000, length = 0x2000, reserved RAM",
      "FILE:1: error: the range of 0x2000 bytes from 0xfffffffffffff000 on ends beyond 2^64"
    ),
    (
      "(XEN) Xen-e820 RAM map:\n(XEN)  [0000000000000000, 0000000",
      "FILE:2: error: a line of Xen's map is (XEN) [START, LAST] (TYPE)"
    ),
    (
      "(XEN) Xen-e820 RAM map:\n(XEN)  0000000000000000",
      "FILE:2: error: a line of Xen's map is (XEN) [START, LAST] (TYPE)"
    ),
    (
      "DRAM bank   = 0x0\n-> start    = 0x0000000040000000\n-> size     = 0x000000",
      "FILE:3: error: a line of bdinfo is -> size = 0xNUMBER, of 8 or more digits"
    ),
    (
      "-> start    = 0x0000000040000000\n-> size     = 0x0000000008",
      "FILE:2: error: the size has 10 digits, and the start 16"
    ),
    (
      "-> start    = 0x0000000040000000\n", "FILE:1: error: the bank has a start and no size"
    ),
    (
      "-> size     = 0x0000000040000000\n", "FILE:1: error: the bank has a size and no start"
    ),
    (
      " 0. 0000000000000000-00000000000",
      "FILE:1: error: a line of coreboot's map is NUMBER. START-LAST: TYPE"
    ),
    (
      " 0. 0000000000000000-0000000000000fff: RESERV",
      "FILE:1: error: no such type of coreboot's memory: RESERV"
    ),
    (
      "SMAP type=01 base=0000000000000000 len=0000000009fc00",
      "FILE:1: error: a line of the map is SMAP type=TYPE base=START len=SIZE"
    ),
  ])
  func brokenLine_isAnError(text: String, error: String) {
    #expect(errorText(text) == error)
  }
}
