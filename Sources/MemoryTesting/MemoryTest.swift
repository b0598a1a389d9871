// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The test of Linux's `memtest` parameter: fills memory with a pattern and reads it back, once for
/// each pattern.
///
/// A pass fills a whole range before it reads, so that it finds a cell that is disturbed by another
/// one.  The contents of the memory are lost.
public struct MemoryTest {
  /// The number of different patterns.  Further passes start over with the first one.
  public static var patternCount: Int { 16 }

  /// The patterns, each one a hexadecimal digit repeated to fill the word: no bits, all bits, every
  /// second bit, single bits, and the rest.
  private static var digits: UInt64 { 0xedb7_c963_8421_a5f0 }

  /// The number of passes.
  public let passCount: Int

  /// Makes a test of `passCount` passes; 0 tests nothing.
  public init(passCount: Int) {
    self.passCount = passCount
  }

  /// The pattern that is written in pass `number`, counted from 0.
  public static func pattern(ofPass number: Int) -> UInt64 {
    (digits >> UInt64(number % patternCount * 4) & 0xf) * 0x1111_1111_1111_1111
  }

  /// Tests `pages` and hands ranges of bad pages, ascending in each pass, to `report`.
  ///
  /// A page that fails in several passes is reported in each of them.
  ///
  /// - Returns: The number of bad pages reported.
  /// - Complexity: O(n) in passes times bytes.
  @discardableResult
  public func run(
    on pages: PageRange, in memory: inout some TestableMemory, report: (PageRange) -> Void
  ) -> UInt64 {
    var badPageCount: UInt64 = 0
    for pass in 0..<passCount {
      badPageCount += Self.runPass(pass, on: pages, in: &memory, report: report)
    }
    return badPageCount
  }

  /// Runs one pass, for a caller that tests many ranges and reports the progress of the test.
  ///
  /// - Returns: The number of bad pages reported.
  /// - Complexity: O(n) in bytes.
  @discardableResult
  public static func runPass(
    _ number: Int, on pages: PageRange, in memory: inout some TestableMemory,
    report: (PageRange) -> Void
  ) -> UInt64 {
    let pattern = pattern(ofPass: number)
    for number in pages.start.number..<pages.end.number {
      memory.fill(PageFrame(number), with: pattern)
    }
    var badPageCount: UInt64 = 0
    var bad: PageRange?
    for number in pages.start.number..<pages.end.number
    where !memory.holds(pattern, in: PageFrame(number)) {
      badPageCount += 1
      if let known = bad, known.end.number != number {
        report(known)
        bad = nil
      }
      bad = PageRange(start: bad?.start ?? PageFrame(number), end: PageFrame(number + 1))
    }
    if let bad { report(bad) }
    return badPageCount
  }
}

/// Memory whose pages can be filled and compared, as a memory test does.
///
/// Each call has to access every word of the page: neither the compiler nor anything else may omit
/// an access because the value seems to be known.
public protocol TestableMemory {
  /// Fills `page` with `pattern`, repeated.
  mutating func fill(_ page: PageFrame, with pattern: UInt64)

  /// Whether `page` holds `pattern`, repeated.
  mutating func holds(_ pattern: UInt64, in page: PageFrame) -> Bool
}
