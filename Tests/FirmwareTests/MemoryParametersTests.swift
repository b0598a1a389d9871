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
      ("mem=", "is no size"), ("mem=lots", "is no size"), ("mem=6Q", "is no size"),
      ("mem=6MM", "is no size"), ("mem=-1", "is no size"), ("mem=0x", "is no size"),
      ("mem=16E", "is no size"), ("mem=18446744073709551616", "is no size"),
      ("mem=0", "leaves no memory"), ("memmap=0", "leaves no memory"),
      ("memmap=", "has no size"), ("memmap=@1M", "has no size"),
      ("memmap=1M@", "has no address"), ("memmap=1M$x", "has no address"),
      ("memmap=1M@1M@", "has no address"), ("memmap=0$1M", "has size 0"),
      ("memmap=1M%1M-1+2", "has none of @ # $ ! behind the size"),
      ("memtest=", "is no number"), ("memtest=x", "is no number"), ("memtest=4K", "is no number"),
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
        try ParameterResult("mem=\(text)", to: given).reports.contains("is no size"), "\(text)")
    }
  }
}
