import BootMemory
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
      #expect(throws: BootMemoryError.outOfMemory(byteCount: (length + 1) << 12)) {
        _ = try fixed.allocate((length + 1) << 12)
      }
      let address = try fixed.allocate(length << 12)
      #expect(address == start << 12)
    }
  }

  @Test(arguments: [1, 2, 4, 8, 32, 64, 128, 512] as [UInt64])
  func alignment_countsFromAddress0(step: UInt64) throws {
    // The node starts at an odd page, so no word of its bitmap is aligned by itself.
    var fixed = FixedMemory(1001..<9001)
    try fixed.freePages(1001..<9001)
    for length: UInt64 in [1, 3, 15, 64, 130] {
      let address = try fixed.allocate(length << 12, align: step << 12)
      #expect(address % (step << 12) == 0)
      #expect(address >= 1001 << 12)
    }
  }
}
