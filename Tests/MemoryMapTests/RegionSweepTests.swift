import MemoryMap
import PhysicalMemory
import TestSupport
import Testing

/// The sweep by itself: it knows bytes, not pages.  In the drawings a column is a byte, U is usable,
/// A is ACPI data, R is reserved, a dot is nothing.
@Suite struct RegionSweepTests {
  private func region(_ start: UInt64, _ end: UInt64, _ kind: MemoryKind) -> MemoryRegion {
    MemoryRegion(
      range: AddressRange(start: PhysicalAddress(start), clampingByteCount: end &- start),
      kind: kind)
  }

  /// What the sweep makes of a drawing of each region: one line a region, sorted by start.
  private func sweep(_ drawings: String...) -> String {
    let regions = drawings.map { drawing in
      let start = drawing.prefix { $0 == "." }.count
      let mark = drawing.first { $0 != "." } ?? "U"
      return region(
        UInt64(start), UInt64(start + drawing.filter { $0 == mark }.count), kind(mark))
    }
    return draw(sweep(regions), width: drawings.map(\.count).max() ?? 0)
  }

  private func sweep(_ regions: [MemoryRegion]) -> [MemoryRegion] {
    Array(IteratorSequence(RegionSweep(regions.makeIterator())))
  }

  private func kind(_ mark: Character) -> MemoryKind {
    switch mark {
    case "A": .acpiReclaimable
    case "R": .reserved
    default: .usable
    }
  }

  private func draw(_ regions: some Sequence<MemoryRegion>, width: Int) -> String {
    var text = Array(repeating: Character("."), count: width)
    for region in regions {
      guard let last = region.range.last?.rawValue else { continue }
      for index in Int(region.range.start.rawValue)...Int(last) {
        // Results are disjoint.
        #expect(text[index] == ".")
        text[index] =
          region.kind == .usable ? "U" : region.kind == .acpiReclaimable ? "A" : "R"
      }
    }
    return String(text)
  }

  @Test func sweep_ofNothingIsNothing() {
    #expect(sweep() == "")
    #expect(sweep("....") == "....")
  }

  @Test func sweep_disjointStays() {
    #expect(sweep("UU......", "...RR...", "......A.") == "UU.RR.A.")
  }

  @Test func sweep_lessUsableWins() {
    #expect(sweep("UUUUUU..", "...AAAAA") == "UUUAAAAA")
    #expect(sweep("AAAAAA..", "...UUUUU") == "AAAAAAUU")
    #expect(sweep("UUUUUUUU", "..AAAA..", "...RR...") == "UUARRAUU")
  }

  @Test func sweep_longRegionComesBackBehindShortOnes() {
    #expect(sweep("UUUUUUUUUU", ".R........", "...R......", ".....AA...") == "URURUAAUUU")
    #expect(sweep("RR......", "AAAA....", "UUUUUU..") == "RRAAUU..")
  }

  @Test func sweep_hiddenNeighboursDoNotCut() {
    // The usable regions end and start under the reserved one.
    #expect(sweep("UUU.....", ".RRRRR..", "....UUUU") == "URRRRRUU")
  }

  @Test func sweep_mergesAcrossRegions() {
    let regions = [region(0, 3, .usable), region(2, 5, .usable), region(5, 9, .usable)]
    let swept = sweep(regions)
    #expect(swept == [region(0, 9, .usable)])
  }

  @Test func sweep_endsAtTopOfAddressSpace() {
    let regions = [region(.max - 9, 0, .usable), region(.max - 4, 0, .reserved)]
    let swept = sweep(regions)
    #expect(swept == [region(.max - 9, .max - 4, .usable), region(.max - 4, 0, .reserved)])
  }

  /// 2000 random tables of up to 12 regions on 24 bytes, against the plainest possible method.
  @Test func sweep_equalsAddressByAddress() {
    var generator = SplitMix(state: 1)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...12, using: &generator)
      let regions = (0..<count).map { _ in
        let start = UInt64.random(in: 0..<24, using: &generator)
        let kinds: [MemoryKind] = [.usable, .acpiReclaimable, .reserved]
        return region(
          start, UInt64.random(in: start...24, using: &generator),
          kinds[Int.random(in: 0..<3, using: &generator)])
      }.sorted { $0.range.start < $1.range.start }
      let expected = (0..<24).map { (address: UInt64) -> MemoryKind? in
        regions.filter { $0.range.contains(PhysicalAddress(address)) }.map(\.kind).max()
      }
      let swept = sweep(regions)
      let actual = (0..<24).map { (address: UInt64) -> MemoryKind? in
        swept.first { $0.range.contains(PhysicalAddress(address)) }?.kind
      }
      #expect(actual == expected, "\(regions)")
      #expect(swept.allSatisfy { !$0.range.isEmpty })
      #expect(swept.count <= max(0, 2 * regions.count - 1))
      for (left, right) in zip(swept, swept.dropFirst()) {
        let isInOrder = left.range.end.map { $0 <= right.range.start } ?? false
        let isMerged = left.range.end != right.range.start || left.kind != right.kind
        #expect(isInOrder && isMerged, "\(regions)")
      }
    }
  }
}
