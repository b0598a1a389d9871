// SPDX-License-Identifier: MIT
import BootMemory
import PageAllocator
import PageAllocatorModels
import PhysicalMemory
import TestSupport
import Testing

/// What a person reads of each error names the values that are wrong.
@Suite struct ErrorTextTests {
  private static let texts: [(PageAllocatorError, String)] = [
    (.outOfPages(order: 9), "out of memory: no free block of order 9"),
    (.orderOutOfRange(-3), "no block has the order -3"),
    (.orderOutOfRange(11), "no block has the order 11"),
    (.noSuchNode(NodeID(-1)), "there is no node -1"),
    (
      .tooFewNodes(count: 2, requiredCount: 8),
      "there is room for 2 nodes, and boot memory has room for 8"
    ),
    (
      .noRoom(byteCount: 0x1000, NodeID(3)),
      "no free range for 0x1000 bytes, to keep the pages of node 3"
    ),
    (.handedOver, "boot memory has been handed over already"),
    (
      .notAllocated(PageFrame(0x1f0), order: 2, .outsideNodes),
      "page 0x1f0 was to be freed with order 2, but lies in no node"
    ),
    (
      .notAllocated(PageFrame(0x1f0), order: 0, .free),
      "page 0x1f0 was to be freed with order 0, but is free"
    ),
    (
      .notAllocated(PageFrame(0x1f0), order: 0, .reserved),
      "page 0x1f0 was to be freed with order 0, but has been reserved since boot"
    ),
    (
      .notAllocated(PageFrame(0x1f0), order: 0, .block(order: 10)),
      "page 0x1f0 was to be freed with order 0, but was given out with order 10"
    ),
    (
      .notAllocated(PageFrame(0x1f1), order: 0, .insideBlock),
      "page 0x1f1 was to be freed with order 0, but lies inside a block"
    ),
    (
      .notAllocated(PageFrame(0x1f0), order: 0, .bitmap(NodeID(3))),
      "page 0x1f0 was to be freed with order 0, but holds the bitmap of node 3"
    ),
    (
      .notReleasable(PageFrame(0x20), .free),
      "page 0x20 was to be released, but is free"
    ),
    (
      .notReleasable(PageFrame(0x20), .tree(NodeID(1))),
      "page 0x20 was to be released, but holds the page allocator's tree of node 1"
    ),
    (.noPages, "boot memory has no node with pages"),
    (
      .outOfRuns(pageCount: 0x4000, alignment: 1),
      "out of memory: no 0x4000 free pages adjoin"
    ),
    (
      .outOfRuns(pageCount: 5, alignment: 0x10),
      "out of memory: no 0x5 free pages adjoin, aligned to 0x10 pages"
    ),
    (.notARun(pageCount: 5, alignment: 3), "no run has 0x5 pages aligned to 0x3 pages"),
    (
      .runNotAllocated(range(0x1f0..<0x1f5), .run(pageCount: 8)),
      "pages 0x1f0 to 0x1f5 are no run: the first was given out with 0x8 pages"
    ),
    (
      .cannotGrow(PageFrame(0x1f0), pageCount: 9),
      "the run at page 0x1f0 cannot have 0x9 pages: those behind it are not all free, in its node and "
        + "below the limit"
    ),
  ]

  @Test(arguments: texts)
  func text_namesTheValues(error: PageAllocatorError, text: String) {
    var printed = PrintedText()
    error.write(to: &printed)
    #expect(printed.text == text)
  }

  @Test func span_isThatOfTheNode() throws {
    let kept = try KeptPages([0x10..<0x1010, 0x1010..<0x2000])
    #expect(kept.pages.span(of: NodeID(0)) == PageRange(0x10..<0x1010))
    #expect(kept.pages.span(of: NodeID(1)) == PageRange(0x1010..<0x2000))
    for node in [2, 8, -1] { #expect(kept.pages.span(of: NodeID(node)).isEmpty) }
  }

  @Test func end_isThatOfTheHighestNode() throws {
    let kept = try KeptPages([0x1010..<0x2000, 0x10..<0x1010])
    #expect(kept.pages.end == PageFrame(0x2000))
  }
}
