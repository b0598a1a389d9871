// SPDX-License-Identifier: MIT
import BootMemory
import TextOutput
import BootMemoryTrace

/// The hand-over to a page allocator; here, one that only counts.
struct HandOver {
  /// Linux's largest order of a block.
  static let maximumOrder = 10

  private var blockCounts = InlineArray<11, UInt64>(repeating: 0)

  /// The sum of the blocks' pages.
  private(set) var pageCount: UInt64 = 0

  /// Hands over all of `memory`.
  ///
  /// - Throws: An error if the figure that boot memory returns is not the sum of the blocks.
  init(of memory: inout RecordedMemory) throws(KernelError) {
    var counts = InlineArray<11, UInt64>(repeating: 0)
    var pageCount: UInt64 = 0
    let released: UInt64
    do {
      released = try memory.handOver(maximumOrder: Self.maximumOrder) { block in
        counts[block.order] += 1
        pageCount += block.pageCount
      }
    } catch {
      throw .bootMemory(error)
    }
    guard released == pageCount else {
      throw .broken("the hand-over's figure is not the sum of its blocks")
    }
    blockCounts = counts
    self.pageCount = pageCount
  }

  /// Writes the number of blocks of each order.
  func write(to sink: inout some TextSink) {
    sink.write("  order ")
    for order in 0...Self.maximumOrder {
      sink.write(decimal: UInt(order), minimumWidth: Self.width(ofOrder: order))
    }
    sink.write("\n  blocks")
    for order in 0...Self.maximumOrder {
      sink.write(decimal: blockCounts[order], minimumWidth: Self.width(ofOrder: order))
    }
    sink.write("\n")
  }

  /// The columns for a figure: most memory goes in blocks of the largest order.
  private static func width(ofOrder order: Int) -> Int { order == maximumOrder ? 11 : 6 }
}
