// SPDX-License-Identifier: MIT
import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

@Suite struct MemoryRegionListTests {
  private func withList<Result>(
    capacity: Int, _ body: (inout MemoryRegionList) throws -> Result
  ) rethrows -> Result {
    let storage = UnsafeMutableBufferPointer<MemoryRegion>.allocate(capacity: capacity)
    defer { unsafe storage.deallocate() }
    var list = unsafe MemoryRegionList(storage: storage)
    return try body(&list)
  }

  @Test func append_clipsAndReportsWhatWraps() {
    withList(capacity: 3) { list in
      let top = PhysicalAddress(0xffff_ffff_ffff_f000)
      let clips = [
        list.append(start: top, byteCount: 0x2000, kind: .usable),
        list.append(start: top, byteCount: 0x1000, kind: .usable),
        list.append(start: PhysicalAddress(0), byteCount: .max, kind: .usable),
      ]
      #expect(clips == [true, false, false])
      #expect(list[0].range.byteCount == 0x1000)
      #expect(list[0].range.end == nil)
    }
  }

  @Test func append_toFullListIsCountedAndRefusesAMap() {
    withList(capacity: 2) { list in
      for start: UInt64 in [0, 0x1000, 0x2000, 0x3000] {
        list.append(start: PhysicalAddress(start), byteCount: 0x1000, kind: .usable)
      }
      #expect(list.count == 2)
      let error = MemoryMapError.regionListFull(capacity: 2, needed: 4)
      #expect(throws: error) { try list.checkCapacity() }
      let storage = UnsafeMutableBufferPointer<PageRegion>.allocate(capacity: 8)
      defer { unsafe storage.deallocate() }
      #expect(throws: error) { _ = try unsafe MemoryMap(sanitizing: &list, storage: storage) }
      var text = PrintedText()
      error.write(to: &text)
      #expect(text.text == "list of memory regions is full: it holds 2, needs to hold 4")
    }
  }

  // given               UUUU..UU  and RRRRRRRR
  // U in 3..<7 to R     UUU....U  and RRRRRRRR and ...R..R.
  // any in 2..<4 away   UU......  and RR..RRRR
  @Test func replace_turnsOneKindInARangeIntoAnother() {
    withList(capacity: 8) { list in
      list.append(start: PhysicalAddress(0), byteCount: 0x4000, kind: .usable)
      list.append(start: PhysicalAddress(0x6000), byteCount: 0x2000, kind: .usable)
      list.append(start: PhysicalAddress(0), byteCount: 0x8000, kind: .reserved)
      list.replace(.usable, with: .persistent, in: AddressRange(0x3000..<0x7000))
      list.replace(nil, with: nil, in: AddressRange(0x2000..<0x3000))
      let ranges = (0..<list.count).map { index in
        let region = list[index]
        return "\(region.kind.name) \(region.range.start.rawValue >> 12)+"
          + "\(region.range.byteCount >> 12)"
      }
      #expect(
        ranges == [
          "usable 0+2", "usable 7+1", "reserved 0+2", "persistent 3+1", "persistent 6+1",
          "reserved 3+5",
        ])
    }
  }

  // given         UUUU..UU  and RRRRRRRR
  // clip U at 3   UUU.....      RRRRRRRR
  @Test func clip_shortensOneKindOnly() {
    withList(capacity: 3) { list in
      list.append(start: PhysicalAddress(0), byteCount: 0x4000, kind: .usable)
      list.append(start: PhysicalAddress(0x6000), byteCount: 0x2000, kind: .usable)
      list.append(start: PhysicalAddress(0), byteCount: 0x8000, kind: .reserved)
      list.clip(.usable, at: PhysicalAddress(0x3000))
      var text = PrintedText()
      list.write(to: &text)
      #expect(
        text.text == """
            0000000000000000-0000000000002fff usable        12 KiB
            0000000000003000-................ usable        0 B
            0000000000000000-0000000000007fff reserved      32 KiB

          """)
    }
  }

  // 312 entries were seen on a desktop; every order of the input gives the same map.
  @Test(.namingSeed) func sort_ordersManyEntriesWhateverTheirOrder() throws {
    var generator = SplitMix(stream: 1)
    for _ in 0..<20 {
      let starts = (0..<312).map { UInt64($0) * 0x3000 }.shuffled(using: &generator)
      try withMap(of: starts.map { ($0, $0 + 0x2000, .usable) }) { map in
        #expect(map.count == 312)
        #expect((0..<312).allSatisfy { map[$0].pages.start.number == UInt64($0) * 3 })
      }
    }
  }

  // limit          v
  // regions   UUUUUU    UUUUU.    RRRRRR
  // Expect    UUUUU.    UUUUU.    RRRRRR
  @Test func clip_takesTheLastByteToo() {
    withList(capacity: 4) { list in
      list.append(start: PhysicalAddress(0x1000), byteCount: 0x1001, kind: .usable)
      list.append(start: PhysicalAddress(0x1800), byteCount: 0x800, kind: .usable)
      list.append(start: PhysicalAddress(0x1000), byteCount: 0x1001, kind: .reserved)
      list.append(start: PhysicalAddress(0x3000), byteCount: 0x1000, kind: .usable)
      list.clip(.usable, at: PhysicalAddress(0x2000))
      #expect((0..<4).map { list[$0].range.byteCount } == [0x1000, 0x800, 0x1001, 0])
    }
  }
}
