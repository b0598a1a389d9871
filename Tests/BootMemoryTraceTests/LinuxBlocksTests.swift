// SPDX-License-Identifier: MIT
import PhysicalMemory
import TestSupport
import Testing
import BootMemoryTrace

@Suite struct LinuxBlocksTests {
  private func pages(_ start: UInt64, _ end: UInt64) -> PageRange {
    PageRange(start: PageFrame(start), pageCount: end - start) ?? PageRange(emptyAt: PageFrame(0))
  }

  private func text(_ blocks: consuming LinuxBlocks) -> String {
    var printed = PrintedText()
    blocks.write(to: &printed)
    return printed.text
  }

  /// The figures are those of `32/directed/after_free_all.trace`.
  @Test func pages_areCutIntoWordsAndSinglePages() {
    var blocks = LinuxBlocks(wordBitCount: 32)
    blocks.add(pages(0x11, 0x30), of: NodeID(0))
    blocks.add(pages(0x30, 0x80), of: NodeID(0))
    blocks.addPages(from: 1, count: 1)
    #expect(text(blocks) == "70 blocks 13 fnv e4cd4a07d0e56d9f o0 10 o5 3")
  }

  @Test func words_doNotReachFromNodeToNode() {
    var ofOne = LinuxBlocks(wordBitCount: 64)
    ofOne.add(pages(0, 0x20), of: NodeID(0))
    ofOne.add(pages(0x20, 0x40), of: NodeID(0))
    #expect(text(ofOne).hasSuffix(" o6 1"))
    var ofTwo = LinuxBlocks(wordBitCount: 64)
    ofTwo.add(pages(0, 0x20), of: NodeID(0))
    ofTwo.add(pages(0x20, 0x40), of: NodeID(1))
    #expect(text(ofTwo).hasPrefix("40 blocks 40 fnv "))
    #expect(text(ofTwo).hasSuffix(" o0 40"))
  }

  @Test func noPages_areNoBlocks() {
    #expect(text(LinuxBlocks(wordBitCount: 64)) == "0 blocks 0 fnv cbf29ce484222325")
  }
}
