// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import Testing

@Suite struct PageBlockTests {
  @Test func block_beginsAtAMultipleOfItsSize() throws {
    for order in [0, 1, 10, PageFrame.numberBitCount - 1] {
      let pageCount = UInt64(1) << UInt64(order)
      for first in [0, pageCount, 3 * pageCount] {
        let block = try #require(
          PageBlock(first: PageFrame(first), order: order, node: NodeID(2)))
        #expect(block.first == PageFrame(first))
        #expect(block.order == order && block.node == NodeID(2))
        #expect(block.pageCount == pageCount)
      }
      guard order > 0 else { continue }
      for first in [1, pageCount / 2, pageCount - 1, pageCount + 1, 3 * pageCount / 2] {
        #expect(PageBlock(first: PageFrame(first), order: order, node: NodeID(0)) == nil)
      }
    }
  }

  @Test func order_isBelowTheBitsOfANumber() {
    for order in [-1, PageFrame.numberBitCount, 64, Int.max, Int.min] {
      #expect(PageBlock(first: PageFrame(0), order: order, node: NodeID(0)) == nil)
    }
  }
}
