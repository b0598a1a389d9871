import PhysicalMemory

/// The test of Linux's parameter `memtest`: memory is filled with a pattern and read back, once for
/// each pattern.
///
/// A pass fills a whole range before it reads, so that a cell which another one disturbs is found.
/// What the memory held is lost.
public struct MemoryTest {
  /// The number of different patterns.  More passes start again with the first one.
  public static var patternCount: Int { 16 }

  /// The patterns, each one a digit that fills the word: no bits and all, every second one, single
  /// ones, and the rest.
  private static var digits: UInt64 { 0xedb7_c963_8421_a5f0 }

  /// The number of passes.
  public let passCount: Int

  /// Makes a test of `passCount` passes; 0 tests nothing.
  public init(passCount: Int) {
    self.passCount = passCount
  }

  /// The word that is written in pass `number`, counted from 0.
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
    guard let range = AddressRange(pages) else { return 0 }
    var badPageCount: UInt64 = 0
    for pass in 0..<passCount {
      let pattern = Self.pattern(ofPass: pass)
      var offset: UInt64 = 0
      while offset < range.byteCount {
        memory.store(pattern, at: Self.address(offset, in: range))
        offset += 8
      }
      var bad: PageRange?
      for number in pages.start.number..<pages.end.number
      where Self.isBad(PageFrame(number), pattern: pattern, in: &memory) {
        badPageCount += 1
        if let known = bad, known.end.number != number {
          report(known)
          bad = nil
        }
        bad = PageRange(start: bad?.start ?? PageFrame(number), end: PageFrame(number + 1))
      }
      if let bad { report(bad) }
    }
    return badPageCount
  }

  private static func isBad(
    _ page: PageFrame, pattern: UInt64, in memory: inout some TestableMemory
  ) -> Bool {
    guard let pages = PageRange(start: page, pageCount: 1), let range = AddressRange(pages) else {
      return false
    }
    var offset: UInt64 = 0
    while offset < range.byteCount {
      if memory.load(at: address(offset, in: range)) != pattern { return true }
      offset += 8
    }
    return false
  }

  /// An address inside a range, which therefore does not wrap.
  private static func address(_ offset: UInt64, in range: AddressRange) -> PhysicalAddress {
    PhysicalAddress(range.start.rawValue &+ offset)
  }
}

/// Memory whose words can be written and read back, as a test of the memory does.
///
/// Each call has to reach the memory: neither compiler nor anything else may leave it out because
/// the value seems to be known.
public protocol TestableMemory {
  /// Writes `word` at `address`, a multiple of 8.
  mutating func store(_ word: UInt64, at address: PhysicalAddress)

  /// Reads the word at `address`, a multiple of 8.
  mutating func load(at address: PhysicalAddress) -> UInt64
}
