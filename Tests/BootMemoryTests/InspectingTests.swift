// SPDX-License-Identifier: MIT
import BootMemoryModels
import PhysicalMemory
import Testing

@testable import BootMemory

/// Looking at the memory and counting its pages.  In the drawings a column is a page, the first is 10
/// (hex).
@Suite struct InspectingTests {
  private static let drawing = "##__##__....__##|____"

  private static func memory() -> FixedMemory { FixedMemory(drawing, at: 0x10) }

  @Test func isReserved_knowsEveryPageOfANode() {
    let fixed = Self.memory()
    var page: UInt64 = 0x10
    for mark in Self.drawing where mark != "|" {
      let expected: Bool? = mark == "." ? nil : mark == "#"
      #expect(fixed.memory.isReserved(PageFrame(page)) == expected)
      page += 1
    }
    for page: UInt64 in [0, 0xf, 0x24, 1 << 52, .max] {
      #expect(fixed.memory.isReserved(PageFrame(page)) == nil)
    }
  }

  @Test func nextFreeRun_isCutAtItsBegin() {
    let fixed = Self.memory()
    let runs: [(from: UInt64, run: Range<UInt64>?)] = [
      (0, 0x12..<0x14), (0x12, 0x12..<0x14), (0x13, 0x13..<0x14), (0x14, 0x16..<0x18),
      (0x17, 0x17..<0x18), (0x18, nil), (1 << 52, nil), (.max, nil),
    ]
    for (page, run) in runs {
      let found = fixed.memory.nextFreeRun(on: NodeID(0), from: PageFrame(page))
      #expect(found == run.map { pages($0) })
    }
    for node in [-1, 3, 7, 8, Int.max] {
      #expect(fixed.memory.nextFreeRun(on: NodeID(node)) == nil)
      #expect(fixed.memory.freePageCount(on: NodeID(node)) == 0)
    }
  }

  @Test func node_isNilWithoutStorage() {
    let fixed = Self.memory()
    #expect(fixed.memory.node(NodeID(2))?.span == pages(0x20..<0x24))
    #expect(fixed.memory.node(NodeID(7))?.isRegistered == false)
    #expect(fixed.memory.node(NodeID(8)) == nil && fixed.memory.node(NodeID(-1)) == nil)
  }

  // Whole, in part, across nodes and holes, and nothing.
  @Test func counts_areOfThePagesInTheWindow() {
    let fixed = Self.memory()
    #expect(fixed.memory.freePageCount() == 10)
    #expect((0..<3).map { fixed.memory.freePageCount(on: NodeID($0)) } == [4, 2, 4])
    let marks = Array(Self.drawing.filter { $0 != "|" })
    for start in 0...marks.count + 1 {
      for end in start...marks.count + 2 {
        let inside = marks.indices.filter { (start..<end).contains($0) }.map { marks[$0] }
        let window = pages(0x10 + UInt64(start)..<0x10 + UInt64(end))
        #expect(
          fixed.memory.freePageCount(in: window) == UInt64(inside.filter { $0 == "_" }.count))
        #expect(
          fixed.memory.reservedPageCount(in: window)
            == UInt64(inside.filter { $0 == "#" }.count))
      }
    }
    #expect(fixed.memory.freePageCount(in: pages(0..<1 << 52)) == 10)
    #expect(fixed.memory.reservedPageCount(in: pages(0..<1 << 52)) == 6)
  }

  @Test func bitmapWord_hasOnesOutsideTheNode() {
    let fixed = Self.memory()
    #expect(fixed.memory.bitmapWord(0, of: NodeID(0)) == ~0b1100_1100)
    #expect(fixed.memory.bitmapWord(1, of: NodeID(0)) == .max)
    #expect(fixed.memory.bitmapWord(.max, of: NodeID(0)) == .max)
    #expect(fixed.memory.bitmapWord(0, of: NodeID(2)) == ~0b1111)
    #expect(fixed.memory.bitmapWord(0, of: NodeID(5)) == .max)
    #expect(fixed.memory.bitmapWord(0, of: NodeID(8)) == .max)
  }
}
