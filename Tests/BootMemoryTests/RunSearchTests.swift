// SPDX-License-Identifier: MIT
import BootMemory
import BootMemoryModels
import PhysicalMemory
import Testing

/// A run of free pages is found whatever its length and wherever it begins.
@Suite struct RunSearchTests {
  /// Around the lengths at which the search looks for free bytes and for free words.
  static let lengths: [UInt64] = [
    1, 2, 3, 7, 8, 9, 13, 14, 15, 16, 17, 30, 31, 32, 33, 61, 62, 63, 64, 65, 66,
    125, 126, 127, 128, 129, 191, 192, 193, 500,
  ]

  @Test(arguments: lengths)
  func run_isFoundAtEveryOffset(length: UInt64) throws {
    for offset: UInt64 in 0..<130 {
      // One page less than needed comes first, then the run, then single pages.
      let start = 640 + offset
      var fixed = FixedMemory(0..<2000)
      if length > 1 { try fixed.freePages(5..<5 + length - 1) }
      try fixed.freePages(start..<start + length)
      for page in stride(from: start + length + 1, to: 1900, by: 2) {
        try fixed.freePages(page..<page + 1)
      }
      #expect(throws: BootMemoryError.outOfMemory(byteCount: (length + 1) << pageShift)) {
        _ = try fixed.allocate((length + 1) << pageShift)
      }
      let address = try fixed.allocate(length << pageShift)
      #expect(address == start << pageShift)
    }
  }

  @Test(arguments: [1, 2, 4, 8, 32, 64, 128, 512] as [UInt64])
  func alignment_countsFromAddress0(step: UInt64) throws {
    // The node starts at an odd page, so no word of its bitmap is aligned by itself.
    var fixed = FixedMemory(1001..<9001)
    try fixed.freePages(1001..<9001)
    for length: UInt64 in [1, 3, 15, 64, 130] {
      let address = try fixed.allocate(length << pageShift, align: step << pageShift)
      #expect(address % (step << pageShift) == 0)
      #expect(address >= 1001 << pageShift)
    }
  }

  /// The search leaves one group at its end and goes on in the next, whose own group above may be
  /// another, not stored at all: what is behind the border is free as a whole.
  ///
  ///     level 3   mixed                |   all       ...   128 GiB
  ///     level 2   ...    mixed         |   ?               never written
  ///     level 1   ...    mixed         |   ?
  ///     level 0   _##########...###### | ___________ ...   the only free page, then none
  ///                   ^ goal             ^ found
  @Test(
    arguments: [15, 18, 20, 24, 25, 30, 36] as [UInt64], [0, 0xff] as [UInt8])
  func search_goesOnBehindTheEndOfAGroupOfEveryLevel(borderShift: UInt64, content: UInt8) throws {
    for border in [1 << borderShift, 3 << borderShift] as [UInt64] {
      var fixed = FixedMemory(0..<border << 3, content: content)
      let page = border - 0x400
      try fixed.freePages(page..<border << 2)
      try fixed.reservePages(page + 1..<border)
      for byteCount: UInt64 in [1, 16, 256].map({ $0 * pageByteCount }) {
        var found = fixed.memory.nextFreeRun(on: NodeID(0), from: PageFrame(page + 0x200))
        #expect(found == pages(border..<border << 2))
        let address = try fixed.allocate(byteCount, goal: (page + 0x200) << pageShift)
        #expect(address == border << pageShift)
        try fixed.memory.free(bytes(address, byteCount))
        // From elsewhere, so that nothing is known of the way down.
        try fixed.freePages(3..<4)
        found = fixed.memory.nextFreeRun(on: NodeID(0), from: PageFrame(page + 1))
        #expect(found?.start == PageFrame(border))
        try fixed.reservePages(3..<4)
      }
    }
  }

  /// The example by which this was found: 128 GiB.
  @Test func search_in128GiB_findsTheFirstGroupThatIsFreeAsAWhole() throws {
    var fixed = FixedMemory(0..<0x200_0000, content: 0)
    try fixed.freePages(0x3_fc00..<0x10_0000)
    try fixed.reservePages(0x3_fc01..<0x4_0000)
    #expect(try fixed.allocate(pageByteCount, goal: 0x3_fe00 << pageShift) == 0x4_0000 << pageShift)
  }
}
