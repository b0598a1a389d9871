#if hasFeature(Embedded)
import BootMemory
import PhysicalMemory

/// The pages of a hand-over in the blocks that Linux would have cut them into, as a trace tells them:
/// whole words of the bitmap at multiples of their size, and single pages.
struct LinuxBlocks {
  private static let wordPageCount = UInt64(UInt.bitWidth)

  /// Pages in a row that are not cut yet.
  private var run: PageRange?

  private(set) var checksum = TraceChecksum()
  private(set) var singleCount: UInt64 = 0
  private(set) var wordCount: UInt64 = 0

  /// log2 of the number of pages of a word.
  static var wordOrder: UInt64 { UInt64(wordPageCount.trailingZeroBitCount) }

  /// The number of pages.
  var pageCount: UInt64 { singleCount + wordCount * Self.wordPageCount }

  /// Adds pages; they join the ones before if they follow on.
  mutating func add(_ pages: PageRange) {
    if let before = run, before.end == pages.start {
      run = PageRange(start: before.start, end: pages.end)
    } else {
      cut()
      run = pages
    }
  }

  /// Adds pages one by one.
  mutating func addSingles(from start: PageFrame, count: UInt64) {
    cut()
    for offset in 0..<count { addBlock(start.number + offset, order: 0) }
  }

  /// Cuts what waits for pages that follow on.
  mutating func cut() {
    guard let pages = run else { return }
    run = nil
    var number = pages.start.number
    while number < pages.end.number {
      let isWord =
        number % Self.wordPageCount == 0 && pages.end.number - number >= Self.wordPageCount
      addBlock(number, order: isWord ? Self.wordOrder : 0)
      number += isWord ? Self.wordPageCount : 1
    }
  }

  private mutating func addBlock(_ first: UInt64, order: UInt64) {
    checksum.add(first, byteCount: 8)
    checksum.add(order, byteCount: 1)
    if order == 0 { singleCount += 1 } else { wordCount += 1 }
  }
}
#endif
