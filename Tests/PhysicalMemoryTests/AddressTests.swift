// SPDX-License-Identifier: MIT
import PhysicalMemory
import Testing

/// Addresses, page frames and node numbers, each alone.
@Suite struct AddressTests {
  // MARK: PhysicalAddress

  @Test func pageFrame_roundsDown() {
    #expect(PhysicalAddress(0).pageFrame == PageFrame(0))
    #expect(PhysicalAddress(0xfff).pageFrame == PageFrame(0))
    #expect(PhysicalAddress(0x1000).pageFrame == PageFrame(1))
    #expect(PhysicalAddress(.max).pageFrame == PageFrame(PageFrame.end.number - 1))
  }

  @Test func isPageAligned_onPageBordersOnly() {
    #expect(PhysicalAddress(0).isPageAligned)
    #expect(PhysicalAddress(0x1000).isPageAligned)
    #expect(PhysicalAddress(0xffff_ffff_ffff_f000).isPageAligned)
    #expect(!PhysicalAddress(1).isPageAligned)
    #expect(!PhysicalAddress(0x1800).isPageAligned)
    #expect(!PhysicalAddress(.max).isPageAligned)
  }

  @Test func advancedByByteCount_upToTop() {
    #expect(PhysicalAddress(0x10).advanced(byByteCount: 0) == PhysicalAddress(0x10))
    #expect(PhysicalAddress(0x10).advanced(byByteCount: 0x20) == PhysicalAddress(0x30))
    #expect(PhysicalAddress(0).advanced(byByteCount: .max) == PhysicalAddress(.max))
    #expect(PhysicalAddress(.max).advanced(byByteCount: 0) == PhysicalAddress(.max))
  }

  @Test func advancedByByteCount_beyondTopIsNil() {
    #expect(PhysicalAddress(.max).advanced(byByteCount: 1) == nil)
    #expect(PhysicalAddress(1).advanced(byByteCount: .max) == nil)
  }

  @Test func addresses_compareWithoutSign() {
    #expect(PhysicalAddress(0) < PhysicalAddress(1))
    #expect(PhysicalAddress(1 << 63) > PhysicalAddress(1))
    #expect(!(PhysicalAddress(7) < PhysicalAddress(7)))
  }

  // MARK: PageFrame

  @Test func byteCount_isThatOfAPage() {
    #expect(PageFrame.byteCount == 4096)
    #expect(PageFrame.byteCount == 1 << PageFrame.byteCountShift)
    #expect(PageFrame.end == PageFrame(0x10_0000_0000_0000))
  }

  @Test func firstAddress_ofEveryPageThatHasOne() {
    #expect(PageFrame(0).firstAddress == PhysicalAddress(0))
    #expect(PageFrame(3).firstAddress == PhysicalAddress(0x3000))
    #expect(
      PageFrame(PageFrame.end.number - 1).firstAddress == PhysicalAddress(0xffff_ffff_ffff_f000))
  }

  @Test func firstAddress_fromEndOnIsNil() {
    #expect(PageFrame.end.firstAddress == nil)
    #expect(PageFrame(.max).firstAddress == nil)
  }

  @Test func advancedByPageCount_upToLargestNumber() {
    #expect(PageFrame(5).advanced(byPageCount: 0) == PageFrame(5))
    #expect(PageFrame(5).advanced(byPageCount: 6) == PageFrame(11))
    #expect(PageFrame(1).advanced(byPageCount: .max - 1) == PageFrame(.max))
  }

  @Test func advancedByPageCount_beyondLargestNumberIsNil() {
    #expect(PageFrame(1).advanced(byPageCount: .max) == nil)
    #expect(PageFrame(.max).advanced(byPageCount: 1) == nil)
  }

  @Test(
    arguments: [
      (0, 0), (1, 1), (0xfff, 1), (0x1000, 1), (0x1001, 2),
      (0xffff_ffff_ffff_f000, 0xf_ffff_ffff_ffff), (0xffff_ffff_ffff_f001, 0x10_0000_0000_0000),
      (.max, 0x10_0000_0000_0000),
    ] as [(UInt64, UInt64)])
  func pageCountHolding_roundsUp(byteCount: UInt64, pageCount: UInt64) {
    #expect(PageFrame.pageCount(holdingByteCount: byteCount) == pageCount)
  }

  @Test func pageFrames_compareWithoutSign() {
    #expect(PageFrame(0) < PageFrame(1))
    #expect(PageFrame(1) < PageFrame(.max))
    #expect(!(PageFrame(7) < PageFrame(7)))
  }

  // MARK: NodeID

  @Test func nodes_compareByNumber() {
    #expect(NodeID(3).rawValue == 3)
    #expect(NodeID(-1) < NodeID(0))
    #expect(NodeID(0) < NodeID(1))
    #expect(!(NodeID(1) < NodeID(1)))
  }

  @Test func literals_areTheNumbersOfAddressesAndPageFrames() {
    let address: PhysicalAddress = 0xffff_ffff_ffff_fff0
    #expect(address.rawValue == 0xffff_ffff_ffff_fff0)
    let page: PageFrame = 0x100
    #expect(page.firstAddress == 0x10_0000)
  }
}
