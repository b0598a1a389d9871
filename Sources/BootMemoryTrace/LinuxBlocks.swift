// SPDX-License-Identifier: MIT
import PhysicalMemory
import TextOutput

/// The blocks of a hand-over as Linux would have cut the same pages: whole words of its bitmap and
/// single pages.
///
/// Pages come in ascending order for each node; nothing is kept of them but counts and a sum.
public struct LinuxBlocks {
  /// log2 of the number of bits in a word: the order of a block.
  private let wordOrder: Int

  private var pageCount: UInt64 = 0
  private var pageBlockCount: UInt64 = 0
  private var wordBlockCount: UInt64 = 0
  private var checksum = Checksum()

  /// Pages of a node that may still go on.
  private var waiting: PageRange?
  private var waitingNode = NodeID(0)

  /// Makes the blocks of no pages.
  ///
  /// - Parameter wordBitCount: The number of bits in a word: 32 or 64.
  public init(wordBitCount: Int) {
    wordOrder = wordBitCount.trailingZeroBitCount
  }

  /// Adds pages of a node; those that begin where its previous pages ended make one run with them.
  public mutating func add(_ pages: PageRange, of node: NodeID) {
    if let run = waiting, waitingNode == node, run.end == pages.start,
      let joined = PageRange(start: run.start, end: pages.end)
    {
      waiting = joined
    } else {
      endRun()
      waiting = pages
      waitingNode = node
    }
  }

  /// Adds single pages from `first` on.
  public mutating func addPages(from first: UInt64, count: UInt64) {
    endRun()
    // Numbers of page frames, of which there are 2^52.
    for offset in 0..<count { addBlock(first &+ offset, order: 0) }
  }

  /// Cuts the waiting pages into blocks.
  private mutating func endRun() {
    guard let run = waiting else { return }
    waiting = nil
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

  private mutating func addBlock(_ first: UInt64, order: Int) {
    checksum.add(first)
    checksum.add(byte: UInt8(truncatingIfNeeded: order))
    pageCount += 1 << UInt64(order)
    if order == 0 { pageBlockCount += 1 } else { wordBlockCount += 1 }
  }

  /// Writes `PAGES blocks BLOCKS fnv SUM` and the number of blocks of each order.
  public mutating func write(to sink: inout some TextSink) {
    endRun()
    sink.write(hexadecimal: pageCount)
    sink.write(" blocks ")
    sink.write(hexadecimal: pageBlockCount + wordBlockCount)
    sink.write(" fnv ")
    checksum.write(to: &sink)
    if pageBlockCount > 0 {
      sink.write(" o0 ")
      sink.write(hexadecimal: pageBlockCount)
    }
    if wordBlockCount > 0 {
      sink.write(" o")
      sink.write(hexadecimal: UInt64(wordOrder))
      sink.write(" ")
      sink.write(hexadecimal: wordBlockCount)
    }
  }
}
