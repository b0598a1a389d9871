// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// One test a behaviour of the sanitiser.  In the drawings a column is a page, U is usable, R is
/// reserved, A is ACPI data, N is ACPI NVS, X is unusable, and a dot is nothing.
@Suite struct SanitizingTests {
  // given   ..UU..UU    (told from right to left)
  // Expect  ..UU..UU
  @Test func sanitize_sorts() throws {
    #expect(
      try sanitized((0x6000, 0x8000, .usable), (0x2000, 0x4000, .usable)) == """
          0000000000002000-0000000000003fff usable        8 KiB
          0000000000006000-0000000000007fff usable        8 KiB

        """)
  }

  // Sixteen entries, each of three pages, one page on from the one before: every page but those at the
  // ends lies in three of them.
  // given   UUU             .
  //         .RRR
  //         ..AAA  and so on with U, R, A, in the order of the addresses and against it
  // Expect  URRRRRRRRRRRRRRRRU
  @Test func sanitize_threeWayOverlapsOfSixteenEntries() throws {
    let kinds: [MemoryKind] = [.usable, .reserved, .acpiReclaimable]
    let entries: [Entry] = (0..<16).map { number in
      let start = UInt64(number) << 12
      return (start, start + 0x3000, kinds[number % 3])
    }
    let expected = """
        0000000000000000-0000000000000fff usable        4 KiB
        0000000000001000-000000000000ffff reserved      60 KiB
        0000000000010000-0000000000010fff acpi_data     4 KiB
        0000000000011000-0000000000011fff usable        4 KiB

      """
    for given in [entries, entries.reversed()] {
      let printed = try withMap(of: given) { map in
        var text = PrintedText()
        map.write(to: &text)
        return text.text
      }
      #expect(printed == expected)
    }
  }

  // given   UUU..
  //         ...UU
  // Expect  UUUUU
  @Test func sanitize_mergesNeighbours() throws {
    #expect(
      try sanitized((0, 0x3000, .usable), (0x3000, 0x5000, .usable)) == """
          0000000000000000-0000000000004fff usable        20 KiB

        """)
  }

  // given   UUUU..
  //         ..UUUU
  // Expect  UUUUUU
  @Test func sanitize_mergesOverlapOfOneKind() throws {
    #expect(
      try sanitized((0, 0x4000, .usable), (0x2000, 0x6000, .usable)) == """
          0000000000000000-0000000000005fff usable        24 KiB

        """)
  }

  // given   UUUU..
  //         ..RRRR
  // Expect  UURRRR
  @Test func sanitize_overlapTopGoesToLessUsable() throws {
    #expect(
      try sanitized((0, 0x4000, .usable), (0x2000, 0x6000, .reserved)) == """
          0000000000000000-0000000000001fff usable        8 KiB
          0000000000002000-0000000000005fff reserved      16 KiB

        """)
  }

  // given   ..UUUU
  //         RRRR..
  // Expect  RRRRUU
  @Test func sanitize_overlapBottomGoesToLessUsable() throws {
    #expect(
      try sanitized((0x2000, 0x6000, .usable), (0, 0x4000, .reserved)) == """
          0000000000000000-0000000000003fff reserved      16 KiB
          0000000000004000-0000000000005fff usable        8 KiB

        """)
  }

  // given   UUUUUU
  //         ..RR..
  // Expect  UURRUU
  @Test func sanitize_lessUsableWithinCutsInTwo() throws {
    #expect(
      try sanitized((0, 0x6000, .usable), (0x2000, 0x4000, .reserved)) == """
          0000000000000000-0000000000001fff usable        8 KiB
          0000000000002000-0000000000003fff reserved      8 KiB
          0000000000004000-0000000000005fff usable        8 KiB

        """)
  }

  // given   RRRRRR
  //         ..UU..
  // Expect  RRRRRR
  @Test func sanitize_moreUsableWithinVanishes() throws {
    #expect(
      try sanitized((0, 0x6000, .reserved), (0x2000, 0x4000, .usable)) == """
          0000000000000000-0000000000005fff reserved      24 KiB

        """)
  }

  // given   UUUUUUUU
  //         .AAAAAA.
  //         ..NNNN..
  //         ...RR...
  //         ....X...
  // Expect  UANRXNAU
  @Test func sanitize_nestedKindsComeBackInOrderOfUsability() throws {
    #expect(
      try sanitized(
        (0, 0x8000, .usable), (0x1000, 0x7000, .acpiReclaimable),
        (0x2000, 0x6000, .acpiNonVolatile), (0x3000, 0x5000, .reserved),
        (0x4000, 0x5000, .unusable)) == """
            0000000000000000-0000000000000fff usable        4 KiB
            0000000000001000-0000000000001fff acpi_data     4 KiB
            0000000000002000-0000000000002fff acpi_nvs      4 KiB
            0000000000003000-0000000000003fff reserved      4 KiB
            0000000000004000-0000000000004fff unusable      4 KiB
            0000000000005000-0000000000005fff acpi_nvs      4 KiB
            0000000000006000-0000000000006fff acpi_data     4 KiB
            0000000000007000-0000000000007fff usable        4 KiB

          """)
  }

  // given   UU.UU
  //         ..|    (no byte)
  // Expect  UU.UU
  @Test func sanitize_emptyRegionsVanish() throws {
    #expect(
      try sanitized(
        (0, 0x2000, .usable), (0x2000, 0x2000, .reserved), (0x3000, 0x5000, .usable),
        (0x1000, 0x1000, .unusable)) == """
            0000000000000000-0000000000001fff usable        8 KiB
            0000000000003000-0000000000004fff usable        8 KiB

          """)
  }

  // All entries 0, as at the end of the map of QEMU's microvm.
  @Test func sanitize_allZeroEntriesGiveAnEmptyMap() throws {
    #expect(try sanitized((0, 0, .reserved), (0, 0, .usable)) == "")
  }

  // given   |-uuu|uuuu|uuu-|
  // Expect  |....|UUUU|....|
  @Test func sanitize_roundsUsableInwards() throws {
    try withMap(of: [(0x800, 0x2800, .usable)]) { map in
      #expect(map.count == 1)
      #expect(Array(map.usablePages()) == [PageRange(start: PageFrame(1), end: PageFrame(2))])
      #expect(map.partialPageByteCount == 0x1000)
    }
  }

  // given   |---r|rrrr|r---|
  // Expect  |RRRR|RRRR|RRRR|
  @Test func sanitize_roundsOthersOutwards() throws {
    #expect(
      try sanitized((0xfff, 0x2001, .acpiNonVolatile)) == """
          0000000000000000-0000000000002fff acpi_nvs      12 KiB

        """)
  }

  // given   |uuuu|uu..|
  //         |....|..uu|uuuu|
  // Expect  |UUUU|UUUU|UUUU|
  @Test func sanitize_usableNeighboursMergeBeforeRounding() throws {
    #expect(
      try sanitized((0, 0x1800, .usable), (0x1800, 0x3000, .usable)) == """
          0000000000000000-0000000000002fff usable        12 KiB

        """)
  }

  // given   |uuuu|uurr|
  // Expect  |UUUU|RRRR|
  @Test func sanitize_sharedPageIsNotUsable() throws {
    try withMap(of: [(0, 0x9fc00, .usable), (0x9fc00, 0xa0000, .reserved)]) { map in
      var text = PrintedText()
      map.write(to: &text)
      #expect(
        text.text == """
            0000000000000000-000000000009efff usable        636 KiB
            000000000009f000-000000000009ffff reserved      4 KiB

          """)
      #expect(map.partialPageByteCount == 0xc00)
    }
  }

  // given   |rrna|
  // Expect  |RRRR|
  @Test func sanitize_leastUsableTakesAPageSharedByThree() throws {
    #expect(
      try sanitized(
        (0, 0x400, .reserved), (0x400, 0x800, .acpiNonVolatile), (0x800, 0x1000, .acpiReclaimable)
      ) == """
          0000000000000000-0000000000000fff reserved      4 KiB

        """)
  }

  // given   |.uu.|
  // Expect  |....|
  @Test func sanitize_usableUnderAPageVanishes() throws {
    try withMap(of: [(0x1400, 0x1c00, .usable), (0x2800, 0x3800, .usable)]) { map in
      #expect(map.count == 0)
      #expect(map.partialPageByteCount == 0x1800)
    }
  }

  // A machine with memory on both sides of 64 TiB, in pieces that overlap.
  @Test func sanitize_goesPast64TiB() throws {
    #expect(
      try sanitized(
        (0x4000_0000_0000, 0x8000_0000_0000, .usable),
        (0x3f00_0000_0000, 0x4100_0000_0000, .usable),
        (0x8000_0000_0000, 0xffff_ffff_f800, .persistent)) == """
            00003f0000000000-00007fffffffffff usable        65 TiB
            0000800000000000-0000ffffffffffff persistent    128 TiB

          """)
  }

  // 312 entries of a desktop, each second one of them reserved and reaching into both neighbours.
  @Test func sanitize_takesAsManyEntriesAsThereAre() throws {
    let entries = (0..<UInt64(312)).map { index -> Entry in
      let start = index * 0x10_0000
      return index % 2 == 0
        ? (start, start + 0x10_0000, .usable) : (start - 0x800, start + 0x10_0800, .reserved)
    }
    try withMap(of: entries) { map in
      #expect(map.count == 312)
      #expect(map.usablePageCount() == 156 * 256 - 311)
      #expect(map.partialPageByteCount == 311 * 0x800)
    }
  }

  @Test func sanitize_topOfAddressSpaceIsKept() throws {
    #expect(
      try sanitized((0xffff_ffff_ffff_e000, 0, .usable), (0xffff_ffff_ffff_f001, 0, .reserved))
        == """
          ffffffffffffe000-ffffffffffffefff usable        4 KiB
          fffffffffffff000-ffffffffffffffff reserved      4 KiB

        """)
  }

  // The whole address space has no size in 64 bits, but a number of pages.
  @Test func sanitize_wholeAddressSpaceIsOneRegion() throws {
    #expect(
      try sanitized(
        (0, 1 << 63, .reserved), (1 << 63, 0, .reserved), (1 << 62, 3 << 62, .usable)) == """
            0000000000000000-ffffffffffffffff reserved      16 EiB

          """)
    #expect(
      try sanitized((0, .max, .reserved)) == """
          0000000000000000-ffffffffffffffff reserved      16 EiB

        """)
  }

  @Test func sanitize_fullMapSaysHowLargeItMustBe() throws {
    let entries: [Entry] = [
      (0, 0x6000, .usable), (0x1000, 0x2000, .reserved), (0x3000, 0x4000, .reserved),
    ]
    #expect(throws: MemoryMapError.memoryMapFull(capacity: 4, needed: 5)) {
      try withMap(of: entries, capacity: 4) { _ in }
    }
    #expect(try withMap(of: entries, capacity: 5) { $0.count } == 5)
    #expect(throws: MemoryMapError.memoryMapFull(capacity: 0, needed: 5)) {
      try withMap(of: entries, capacity: 0) { _ in }
    }
  }

  // storage   UUUU|x    what lies behind stays as it is
  @Test func sanitize_fullMapWritesNothingBehindItsStorage() throws {
    let regions = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: 8)
    defer { unsafe regions.deallocate() }
    let storage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 8)
    defer { unsafe storage.deallocate() }
    let guardRegion = PageRegion(pages: PageRange(0x77..<0x78), kind: .unusable)
    for capacity in 0..<5 {
      unsafe storage.initialize(repeating: guardRegion)
      var list = unsafe MemoryRegionList(storage: regions)
      for page: UInt64 in [0, 2, 4, 6, 8] {
        list.append(start: PhysicalAddress(page << 16), byteCount: 0x1_0000, kind: .usable)
      }
      #expect(throws: MemoryMapError.memoryMapFull(capacity: capacity, needed: 5)) {
        _ = try unsafe MemoryMap(
          sanitizing: &list, storage: UnsafeMutableBufferPointer(rebasing: storage[..<capacity]))
      }
      #expect(unsafe storage[capacity...].allSatisfy { $0 == guardRegion })
    }
  }
}
