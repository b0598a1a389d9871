// SPDX-License-Identifier: MIT
import MemoryMap
import TestSupport
import Testing

/// The sweep by itself: it knows bytes, not pages.  In the drawings a column is a byte, U is usable,
/// A is ACPI data, R is reserved, a dot is nothing.
@Suite struct RegionSweepTests {
  /// Bytes from `start` up to, but not including, `end`; 0 is the end of the address space.
  private func stretch(_ start: UInt64, _ end: UInt64, _ kind: MemoryKind) -> KindStretch {
    KindStretch(first: start, last: end &- 1, kind: kind)
  }

  /// What the sweep makes of a drawing of each region: one line a region, sorted by start.
  private func sweep(_ drawings: String...) -> String {
    let stretches = drawings.compactMap { drawing -> KindStretch? in
      let start = drawing.prefix { $0 == "." }.count
      guard let mark = drawing.first(where: { $0 != "." }) else { return nil }
      return stretch(
        UInt64(start), UInt64(start + drawing.filter { $0 == mark }.count), kind(mark))
    }
    return draw(sweep(stretches), width: drawings.map(\.count).max() ?? 0)
  }

  private func sweep(_ stretches: [KindStretch]) -> [KindStretch] {
    Array(IteratorSequence(RegionSweep(stretches.makeIterator())))
  }

  private func kind(_ mark: Character) -> MemoryKind {
    switch mark {
    case "A": .acpiReclaimable
    case "R": .reserved
    default: .usable
    }
  }

  private func draw(_ stretches: [KindStretch], width: Int) -> String {
    var text = Array(repeating: Character("."), count: width)
    for stretch in stretches {
      for index in Int(stretch.first)...Int(stretch.last) {
        // Results are disjoint.
        #expect(text[index] == ".")
        text[index] =
          stretch.kind == .usable ? "U" : stretch.kind == .acpiReclaimable ? "A" : "R"
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
    let stretches = [stretch(0, 3, .usable), stretch(2, 5, .usable), stretch(5, 9, .usable)]
    let swept = sweep(stretches)
    #expect(swept == [stretch(0, 9, .usable)])
  }

  @Test func sweep_endsAtTopOfAddressSpace() {
    let stretches = [stretch(.max - 9, 0, .usable), stretch(.max - 4, 0, .reserved)]
    let swept = sweep(stretches)
    #expect(swept == [stretch(.max - 9, .max - 4, .usable), stretch(.max - 4, 0, .reserved)])
  }

  /// 2000 random tables of up to 12 regions on 24 bytes, against the plainest possible method.
  @Test(.namingSeed) func sweep_equalsAddressByAddress() {
    var generator = SplitMix(stream: 1)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...12, using: &generator)
      let stretches = (0..<count).map { _ in
        let start = UInt64.random(in: 0..<24, using: &generator)
        let kinds: [MemoryKind] = [.usable, .acpiReclaimable, .reserved]
        return stretch(
          start, UInt64.random(in: start + 1...24, using: &generator),
          kinds[Int.random(in: 0..<3, using: &generator)])
      }.sorted { $0.first < $1.first }
      let expected = (0..<24).map { (address: UInt64) -> MemoryKind? in
        stretches.filter { ($0.first...$0.last).contains(address) }.map(\.kind).max()
      }
      let swept = sweep(stretches)
      let actual = (0..<24).map { (address: UInt64) -> MemoryKind? in
        swept.first { ($0.first...$0.last).contains(address) }?.kind
      }
      #expect(actual == expected, "\(stretches)")
      #expect(swept.allSatisfy { $0.first <= $0.last })
      #expect(swept.count <= max(0, 2 * stretches.count - 1))
      for (left, right) in zip(swept, swept.dropFirst()) {
        let isInOrder = left.last < right.first
        let isMerged = left.last + 1 != right.first || left.kind != right.kind
        #expect(isInOrder && isMerged, "\(stretches)")
      }
    }
  }

  @Test func sweep_ofAWholeAddressSpace() {
    let all = stretch(0, 0, .usable)
    #expect(sweep([all]) == [all])
    #expect(sweep([all, all, stretch(7, 0, .usable)]) == [all])
    #expect(
      sweep([all, stretch(5, 9, .reserved)])
        == [stretch(0, 5, .usable), stretch(5, 9, .reserved), stretch(9, 0, .usable)])
    #expect(
      sweep([stretch(0, 0, .reserved), all, stretch(5, 9, .usable)])
        == [stretch(0, 0, .reserved)])
  }
}
