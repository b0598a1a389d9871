import BootMemory
import PhysicalMemory

/// The blocks of a hand-over as Linux would have cut the same pages: whole words of its bitmap and
/// single pages.
struct LinuxBlocks {
  /// log2 of the number of bits in a word: the order of a block.
  let wordOrder: Int

  private var pageCount: UInt64 = 0
  private var pageBlockCount: UInt64 = 0
  private var wordBlockCount: UInt64 = 0
  private var checksum = Checksum()

  init(wordBitCount: Int) {
    wordOrder = wordBitCount.trailingZeroBitCount
  }

  /// Adds the pages of a node, which need not be sorted but must be disjoint.
  mutating func add(_ pages: [PageRange]) {
    var runs: [PageRange] = []
    for range in pages.sorted(by: { $0.start < $1.start }) {
      if let last = runs.last, last.end == range.start,
        let joined = PageRange(start: last.start, end: range.end)
      {
        runs[runs.count - 1] = joined
      } else {
        runs.append(range)
      }
    }
    for run in runs {
      var number = run.start.number
      let wordPageCount: UInt64 = 1 << UInt64(wordOrder)
      while number < run.end.number {
        if number % wordPageCount == 0 && run.end.number - number >= wordPageCount {
          addBlock(number, order: wordOrder)
          number += wordPageCount
        } else {
          addBlock(number, order: 0)
          number += 1
        }
      }
    }
  }

  /// Adds single pages from `first` on.
  mutating func addPages(from first: UInt64, count: UInt64) {
    for offset in 0..<count { addBlock(first + offset, order: 0) }
  }

  private mutating func addBlock(_ first: UInt64, order: Int) {
    checksum.add(first)
    checksum.add(byte: UInt8(order))
    pageCount += 1 << UInt64(order)
    if order == 0 { pageBlockCount += 1 } else { wordBlockCount += 1 }
  }

  /// The result as a trace has it.
  var text: String {
    func hex(_ value: UInt64) -> String { String(value, radix: 16) }
    var text =
      "\(hex(pageCount)) blocks \(hex(pageBlockCount + wordBlockCount)) fnv \(checksum.text)"
    if pageBlockCount > 0 { text += " o0 \(hex(pageBlockCount))" }
    if wordBlockCount > 0 { text += " o\(wordOrder) \(hex(wordBlockCount))" }
    return text
  }
}
