// SPDX-License-Identifier: MIT
import Firmware
import MemoryMap
import Testing

/// In the drawings a column is 1 MiB: U is usable, R reserved, A is ACPI data, P persistent.
@Suite struct MemoryParametersTests {
  private let given: [(start: UInt64, end: UInt64, kind: MemoryKind)] = [
    (0, 0x40_0000, .usable), (0x40_0000, 0x50_0000, .reserved), (0x50_0000, 0x80_0000, .usable),
  ]

  private func usable(_ text: String) throws -> [ClosedRange<UInt64>] {
    let result = try ParameterResult(text, to: given)
    #expect(result.reports == "", "\(text)")
    return result.usable
  }

  // given     UUUURUUU
  // mem=6M    UUUURU..
  @Test func mem_takesUsableMemoryFromThereOn() throws {
    for text in ["mem=6M", "mem=6144K", "mem=0x600000", "mem=6291456", "mem=014000k", "memmap=6M"] {
      #expect(try usable(text) == [0...0x3ff, 0x500...0x5ff], "\(text)")
    }
    let result = try ParameterResult("mem=3M", to: given)
    #expect(result.regions.contains("0000000000400000-00000000004fffff reserved"))
    #expect(result.usable == [0...0x2ff])
  }

  // given             UUUURUUU
  // memmap=1M$2M      UURUURUU  (and so on with A and P)
  @Test func memmap_addsEachKind() throws {
    for (sign, name) in [("$", "reserved"), ("#", "acpi_data"), ("!", "persistent")] {
      let result = try ParameterResult("memmap=1M\(sign)2M", to: given)
      #expect(result.usable == [0...0x1ff, 0x300...0x3ff, 0x500...0x7ff])
      #expect(result.regions.contains("0000000000200000-00000000002fffff \(name)"))
    }
    #expect(try usable("memmap=1M@9M") == [0...0x3ff, 0x500...0x7ff, 0x900...0x9ff])
  }

  // given             UUUURUUU
  // memmap=2M@4M      UUUURUUU  (what is reserved stays reserved)
  @Test func memmap_usableDoesNotWinOverReserved() throws {
    #expect(try usable("memmap=2M@4M") == [0...0x3ff, 0x500...0x7ff])
  }

  // given                  UUUURUUU
  // memmap=4M%2M-1+2       UURRRRUU  (of usable memory in 2 to 6 MiB)
  // memmap=4M%2M-2+1       UUUUUUUU
  // memmap=4M%2M-1         UU..R.UU
  // memmap=4M%2M           UU....UU
  // memmap=1M%8M+1         UUUURUUUU
  // memmap=1M%1M+2         URUURUUU
  @Test func memmap_percentConvertsATypeInARange() throws {
    for (text, expected) in [
      ("memmap=4M%2M-1+2", [0...0x1ff, 0x600...0x7ff]), ("memmap=4M%2M-2+1", [0...0x7ff]),
      ("memmap=4M%2M-1", [0...0x1ff, 0x600...0x7ff]),
      ("memmap=4M%2M-1+12", [0...0x1ff, 0x600...0x7ff]),
      ("memmap=4M%2M-1+0xefffffff", [0...0x1ff, 0x600...0x7ff]),
      ("memmap=4M%2M", [0...0x1ff, 0x600...0x7ff]),
      ("memmap=4M%2M-3+2", [0...0x3ff, 0x500...0x7ff]),
      ("memmap=1M%8M+1", [0...0x3ff, 0x500...0x8ff]),
      ("memmap=1M%1M+2", [0...0xff, 0x200...0x3ff, 0x500...0x7ff]),
    ] as [(String, [ClosedRange<UInt64>])] {
      #expect(try usable(text) == expected, "\(text)")
    }
    let gone = try ParameterResult("memmap=4M%2M", to: given)
    #expect(!gone.regions.contains("-00000000004fffff reserved"))
    let kept = try ParameterResult("memmap=4M%2M-1+2", to: given)
    #expect(kept.regions.contains("0000000000200000-00000000003fffff reserved"))
    // A GiB in the midst of usable memory, as it was reported.
    let reported = try ParameterResult(
      "memmap=1G%4G-1+2", to: [(0, 0x2_0000_0000, .usable)])
    #expect(reported.usable == [0...0xf_ffff, 0x14_0000...0x1f_ffff])
  }

  @Test func memmap_quotedIsRead() throws {
    #expect(try usable("memmap=\"1M$2M\"") == [0...0x1ff, 0x300...0x3ff, 0x500...0x7ff])
    #expect(try usable("foo=\"x mem=1M y\"") == [0...0x3ff, 0x500...0x7ff])
    #expect(try usable("-- mem=1M") == [0...0x3ff, 0x500...0x7ff])
  }

  @Test func mem_ofSeveralEndAddressesTheLowestCounts() throws {
    #expect(try usable("mem=2M mem=6M") == [0...0x1ff])
    #expect(try usable("mem=6M mem=2M") == [0...0x1ff])
  }

  /// Memory from 2 GiB on, with a hole: 4 MiB, a MiB that is not there, 3 MiB.
  private let board: [(start: UInt64, end: UInt64, kind: MemoryKind)] = [
    (0x8050_0000, 0x8080_0000, .usable), (0x8000_0000, 0x8040_0000, .usable),
    (0x8010_0000, 0x8020_0000, .noMap),
  ]

  @Test func mem_isAnAmountWhereMemoryDoesNotStartAt0() throws {
    for (text, expected, reports) in [
      ("mem=2M", [0x8_0000...0x8_00ff], ""),
      ("mem=4M", [0x8_0000...0x8_00ff, 0x8_0200...0x8_03ff], ""),
      ("mem=5M", [0x8_0000...0x8_00ff, 0x8_0200...0x8_03ff, 0x8_0500...0x8_05ff], ""),
      ("mem=64M", [0x8_0000...0x8_00ff, 0x8_0200...0x8_03ff, 0x8_0500...0x8_07ff], ""),
      (
        "mem=2M mem=4M", [0x8_0000...0x8_00ff, 0x8_0200...0x8_03ff],
        "command line: mem=2M: is overridden by a later one; ignored\n"
      ),
      (
        "mem=0", [0x8_0000...0x8_00ff, 0x8_0200...0x8_03ff, 0x8_0500...0x8_07ff],
        "command line: mem=0: leaves no memory; ignored\n"
      ),
    ] as [(String, [ClosedRange<UInt64>], String)] {
      let result = try ParameterResult(text, to: board, limitMeaning: .amount)
      #expect(result.usable == expected, "\(text)")
      #expect(result.reports == reports, "\(text)")
    }
  }

  @Test func mem_amountCountsBytesInSeveralRegionsOnce() throws {
    let result = try ParameterResult(
      "mem=3M",
      to: [
        (0, 0x20_0000, .usable), (0x10_0000, 0x30_0000, .usable), (0, 0x10_0000, .usable),
        (0x30_0000, 0x80_0000, .usable),
      ], limitMeaning: .amount)
    #expect(result.usable == [0...0x2ff])
  }

  // Arm's form: in place of the firmware's 4 and 3 MiB, the ranges that are told.
  @Test func mem_withAStartIsInPlaceOfTheFirmwaresMemory() throws {
    let result = try ParameterResult(
      "mem=1M@0x80300000 mem=1M@0x90000000", to: board, limitMeaning: .amount)
    #expect(result.usable == [0x8_0300...0x8_03ff, 0x9_0000...0x9_00ff])
    #expect(result.reports == "")
    // What must not be mapped stays so.
    let reserved = try ParameterResult("mem=8M@0x80000000", to: board, limitMeaning: .amount)
    #expect(reserved.usable == [0x8_0000...0x8_00ff, 0x8_0200...0x8_07ff])
    for (text, complaint) in [("mem=1M@", "has no address"), ("mem=0@1M", "has size 0")] {
      let bad = try ParameterResult(text, to: board, limitMeaning: .amount)
      #expect(bad.reports == "command line: \(text): \(complaint); ignored\n")
    }
  }

  /// "mem=64MB" is often written.  Linux takes what it can read, and looks at nothing behind it.
  @Test func mem_whatFollowsTheSizeIsIgnoredAndReported() throws {
    for text in ["mem=6MB", "mem=6MM", "mem=6MiB", "mem=6291456B", "mem=6M@1M"] {
      let result = try ParameterResult(text, to: given)
      #expect(result.usable == [0...0x3ff, 0x500...0x5ff], "\(text)")
      #expect(
        result.reports == "command line: \(text): what follows the size is ignored\n", "\(text)")
    }
    let amount = try ParameterResult("mem=4M mem=2MB", to: board, limitMeaning: .amount)
    #expect(amount.usable == [0x8_0000...0x8_00ff])
    #expect(
      amount.reports
        == "command line: mem=4M: is overridden by a later one; ignored\n"
        + "command line: mem=2MB: what follows the size is ignored\n")
    // Less than a page is a slip.
    #expect(
      try ParameterResult("mem=2M mem=99x", to: board, limitMeaning: .amount).usable
        == [0x8_0000...0x8_00ff])
  }

  // given                        UUUURUUU
  // exactmap 640K@0 2M@4M        U...UU..
  @Test func memmap_exactmapForgetsTheFirmware() throws {
    for text in ["memmap=exactmap memmap=640K@0 memmap=2M@4M", "memmap=exactmap,640K@0,2M@4M"] {
      #expect(try usable(text) == [0...0x9f, 0x400...0x5ff], "\(text)")
    }
  }

  @Test func parameters_takeEffectInTheirOrder() throws {
    #expect(try usable("mem=2M memmap=1M@9M") == [0...0x1ff, 0x900...0x9ff])
    #expect(try usable("memmap=1M@9M mem=2M") == [0...0x1ff])
  }

  @Test func badValues_areReportedAndIgnored() throws {
    for (text, complaint) in [
      ("mem=", "is not a size"), ("mem=lots", "is not a size"), ("mem=6Q", "is not a size"),
      ("mem=99x", "is not a size"), ("mem=-1", "is not a size"), ("mem=0x", "is not a size"),
      ("mem=16E", "is not a size"), ("mem=18446744073709551616", "is not a size"),
      ("mem=0", "leaves no memory"), ("memmap=0", "leaves no memory"),
      ("memmap=", "has no size"), ("memmap=@1M", "has no size"),
      ("memmap=1M@", "has no address"), ("memmap=1M$x", "has no address"),
      ("memmap=1M@1M@", "has no address"), ("memmap=0$1M", "has size 0"),
      ("memmap=1M&1M", "has none of @ # $ ! % after the size"),
      ("memmap=1M%x", "has no address"),
      ("memmap=1M%1M-20+2", "has no types -FROM+TO of e820 after the address"),
      ("memmap=1M%1M-1+2x", "has no types -FROM+TO of e820 after the address"),
      ("memmap=1M%1M+", "has no types -FROM+TO of e820 after the address"),
      ("memtest=", "is not a number"), ("memtest=x", "is not a number"),
      ("memtest=4K", "is not a number"),
      ("memtest=65536", "is above 65535"),
    ] {
      let result = try ParameterResult(text, to: given)
      #expect(result.reports == "command line: \(text): \(complaint); ignored\n")
      #expect(result.usable == [0...0x3ff, 0x500...0x7ff], "\(text)")
    }
  }

  @Test func badPart_ofAListLeavesTheOthers() throws {
    let result = try ParameterResult("memmap=1M$1M,bad,1M$3M", to: given)
    #expect(result.reports == "command line: memmap=1M$1M,bad,1M$3M: has no size; ignored\n")
    #expect(result.usable == [0...0xff, 0x200...0x2ff, 0x500...0x7ff])
  }

  @Test func memmap_thatWrapsIsClippedAndReported() throws {
    let result = try ParameterResult("memmap=2M$0xfffffffffff00000", to: given)
    #expect(
      result.reports == "command line: memmap=2M$0xfffffffffff00000: "
        + "clipped at the top of the address space\n")
    #expect(result.regions.contains("fffffffffff00000-ffffffffffffffff reserved"))
  }

  @Test func otherParameters_areReadToo() throws {
    let result = try ParameterResult("memtest=4 bootmem_debug root=/dev/ram", to: given)
    #expect(result.memoryTestPassCount == 4)
    #expect(result.printsOperations)
    #expect(result.reports == "")
    #expect(try ParameterResult("memtest", to: given).memoryTestPassCount == 16)
    #expect(try ParameterResult("memtest=65535", to: given).memoryTestPassCount == 65535)
    let none = try ParameterResult("memtest=0 bootmem_debugger", to: given)
    #expect(none.memoryTestPassCount == 0 && !none.printsOperations)
  }

  @Test func numbers_haveEveryBaseAndUnit() throws {
    for (text, pageCount) in [
      ("0x7fE00a", 0x7fe), ("0X7FE00A", 0x7fe), ("037760000", 0x7fe), ("8384512", 0x7ff),
      ("8184K", 0x7fe), ("8184k", 0x7fe), ("6M", 0x600), ("1G", 1 << 18), ("2T", 2 << 28),
      ("3P", 3 << 38), ("1E", 1 << 48), ("1e", 1 << 48), ("15E", 15 << 48),
      ("18446744073709551615", (1 << 52) - 1), ("0xffffffffffffffff", (1 << 52) - 1),
      ("01777777777777777777777", (1 << 52) - 1), ("0x1e000", 0x1e),
    ] as [(String, UInt64)] {
      #expect(
        try usable("memmap=exactmap,\(text)@0") == [0...pageCount - 1], "\(text)")
    }
    for text in [
      "08", "0x", "0xg", "18446744073709551616", "0x10000000000000000", "16E", "16384P", "1Z",
      "02000000000000000000000", "18446744073709551615K", "9/", "9:", "0x1`",
    ] {
      #expect(
        try ParameterResult("mem=\(text)", to: given).reports.contains("is not a size"), "\(text)")
    }
  }
}
