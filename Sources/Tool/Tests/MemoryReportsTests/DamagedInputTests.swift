// SPDX-License-Identifier: MIT
import BootMemoryTrace
import TraceReplay
import MapFiles
import PhysicalMemory
import TestSupport
import Testing

import MemoryReports

/// Whatever is in a file, it is read and drawn or refused with an error; nothing traps.
@Suite struct DamagedInputTests {
  static let maps = [
    "0 9fc00 usable\nf0000 100000 reserved\n100000 ffffffffffffffff acpi_data # x\n",
    "0 1000 Conventional WB,WT\n1000 f000000000000000 Boot_Data f\n",
    "0 0 0 9fc00 -\n3 7 100000 ffffffff hotplug\n",
    """
    Linux version 6.0
    BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
    BIOS-e820: 0000000000100000 - 0000000000200000 (ACPI data)
    ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0xffffffffffff] hotplug
    efi: mem00: [Boot Data  |   |WB|WT] range=[0x0000000000000000-0x0000000000000fff] (0MB)
    """,
    """
    Linux version 6.0
    Xen: [mem 0x0000000000000000-0x000000000009fbff] usable
    user: [mem 0x0000000000100000-0x00000000001fffff] usable
    """,
    """
    Linux version 6.0
    efi:   0x000040000000-0x00004007ffff [Loader Data |   |  |WB|WT|WC|UC]
    MEMBLOCK configuration:
     memory[0x0]\t[0x0000000080000000-0x000000008007ffff], 0x0000000000080000 bytes flags: 0x4
     reserved[0x0]\t[0x0000000080000000-0x000000008007ffff], 0x80000 bytes on node 1 flags: 0x0
    Early memory node ranges
      node   0: [mem 0x0000000080200000-0x00000000bfffffff]
      node   1: [mem 0x00000000c0000000-0x00000000ffffffff]
    """,
    """
    Type       Start            End              # Pages          Attributes
    BS_Code    0000000000000000-0000000000000FFF 0000000000000001 000000000000000F
    Available  0000000000100000-000000003FFFFFFF 000000000003FF00 000000000000000F
    """,
    "base_addr = 0x0, length = 0x9fc00, available RAM\nbase_addr = 0x9fc00, length = 0x400, type = 0x5\n",
    "(XEN) Xen-e820 RAM map:\n(XEN)  [0000000000000000, 000000000009fbff] (usable)\n",
    """
    DRAM bank   = 0x0000000000000000
    -> start    = 0x0000000040000000
    -> size     = 0x0000000100000000
     reserved[0] [0x13ddb3000-0x13fffffff], 0x0224d000 bytes flags: 0
    """,
    " 0. 0000000000000000-0000000000000fff: CONFIGURATION TABLES\n 1. 0000000000001000-000000000009ffff: RAM",
    "SMAP type=01 base=0000000000000000 len=000000000009fc00\n",
    "m/0/start:0x0\nm/0/end:0xffffffffffffffff\nm/0/type:System RAM\n",
    "00000000-00000fff : Reserved\n00001000-fffffffffffffffe : System RAM\n  3-4 : x\n",
    "memory map as given:\n  0000000000000000-fffffffffffff000 usable        639 KiB\nok\n",
    """
    swift-bootmem on i386
    reach: pages below 0x100000
    command line: mem=99x memmap=1M$32M
    memory map as given:
      0000000000000000-0000000000ffffff usable        16 MiB
    firmware: an entry: is cut off
    nodes: 2, with storage for 4
      node 0 000000000-0000007ff 8 MiB
      node 1 000000800-000000fff 8 MiB
    held before the first allocation:
      0000000000100000-00000000001fffff kernel image
      0000000000201000-0000000000201fff bitmap of node 1
      0000000000300000-0000000000300fff module 0
      0000000000400000-0000000000400fff bad memory
    """,
  ]

  @Test(.namingSeed, arguments: maps.indices)
  func damagedMap_isReadOrRefused(index: Int) {
    var random = SplitMix(stream: UInt64(index))
    var readCount = 0
    for _ in 0..<300 {
      let bytes = damaged(Array(Self.maps[index].utf8), &random)
      guard let file = try? MapFile(reading: bytes, name: "FILE") else { continue }
      readCount += 1
      guard !file.entries.isEmpty else { continue }
      let report = MapReport(name: "FILE", file: file)
      #expect(!report.text(width: 80, isColoured: true).isEmpty)
      #expect(!report.svg().isEmpty)
      // A plan may be refused, too.
      guard let kernel = AddressRange(start: PhysicalAddress(0x1000), byteCount: 0x1000) else {
        continue
      }
      _ = try? BootPlanReport(BootScenario(file: file, kernel: kernel, addressWidth: .bits64))
    }
    #expect(readCount > 0)
  }

  static let trace = """
    word 20
    init 0 10 0 100 -> 20
    init 1 11 100 fffff -> 20
    free 0 100000 -> ok
    reserve_node 0 11000 ffffff 0 -> 0
    alloc 100 10 0 -> 11000
    alloc_node_limit 1 1000 1000 ffffffff fffff000 -> 0
    map 1 -> 0 0000000000000000
    free_all -> 0
    free_late 0 fffff -> 0
    """

  @Test(.namingSeed) func damagedTrace_isReplayedAndDrawnOrRefused() {
    var random = SplitMix(stream: 7)
    var readCount = 0
    for _ in 0..<600 {
      let text = String(decoding: damaged(Array(Self.trace.utf8), &random), as: UTF8.self)
      guard let trace = try? Trace(parsing: text) else { continue }
      readCount += 1
      let history = TraceHistory(trace)
      #expect(history?.svg(title: "FILE").isEmpty != true)
      guard let replayer = try? TraceReplayer(trace) else { continue }
      if let difference = try? replayer.run(trace), let before = try? TraceReplayer(trace) {
        let picture = DifferencePicture(
          of: difference, elsewise: nil, before: before, after: replayer)
        #expect(picture.rows.count < 100)
      }
    }
    #expect(readCount > 100)
  }

  /// A few bytes changed, left out, or doubled; digits mostly become digits.
  private func damaged(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes.remove(at: place)
      case 1: bytes.insert(bytes[place], at: place)
      case 2: bytes[place] = UInt8.random(in: 0...255, using: &random)
      default:
        bytes[place] = Array("0123456789abcdef".utf8).randomElement(using: &random) ?? 0
      }
    }
    return bytes
  }
}
