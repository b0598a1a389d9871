// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

@Suite struct MemoryOwnerTests {
  @Test func literal_isAName() {
    let owner: MemoryOwner = "init code"
    #expect(owner == .named(MemoryName("init code")))
    #expect(owner != .kernelImage)
    var sink = PrintedText()
    owner.write(to: &sink)
    #expect(sink.text == "init code")
  }

  @Test func names_areEqualByTheirText() {
    // Two of these have the same length, two begin alike.
    let names = [MemoryName("init"), MemoryName("exit"), MemoryName("init code"), MemoryName("")]
    for (index, name) in names.enumerated() {
      for (other, otherName) in names.enumerated() {
        #expect((name == otherName) == (index == other))
      }
    }
    #expect(Set(names).count == 4)
    #expect(Set(names + [MemoryName("exit")]).count == 4)
  }

  @Test func ownedRange_takesNoMoreRoomThanBefore() {
    // A kernel's static tables are made of these.
    #expect(MemoryLayout<OwnedRange>.stride == 32)
  }

  @Test func ownPages_ofAnAllocationAreWhole_ofTheRestAllThatAreTouched() {
    let bytes = AddressRange(0x1800..<0x4800)
    #expect(OwnedRange(range: bytes, owner: "x").ownPages == PageRange(1..<5))
    #expect(OwnedRange(range: bytes, owner: "x", isAllocated: true).ownPages == PageRange(2..<4))
    let small = AddressRange(0x1800..<0x1900)
    #expect(OwnedRange(range: small, owner: "x", isAllocated: true).ownPages.isEmpty)
  }
}
