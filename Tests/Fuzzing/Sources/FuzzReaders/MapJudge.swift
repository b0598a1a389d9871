// SPDX-License-Identifier: MIT
import FuzzKit
import MemoryMap
import PhysicalMemory

/// Judges what the sanitiser made of `regions`: sorted, disjoint, and no usable byte that any entry
/// calls otherwise, or that none calls usable.
func judgeMap(_ map: MemoryMap, of regions: [MemoryRegion]) {
  let regions = regions.filter { !$0.range.isEmpty }
  let usable = regions.filter { $0.kind == .usable }.map(\.range).sorted { $0.start < $1.start }
  var end = PageFrame(0)
  for index in 0..<map.count {
    let region = map[index]
    judge(!region.pages.isEmpty && region.pages.start >= end, "\(region) is not sorted")
    end = region.pages.end
    guard region.kind == .usable else { continue }
    for other in regions where other.kind != .usable {
      judge(!other.range.touchedPages.overlaps(region.pages), "\(region) has bytes of \(other)")
    }
    // One usable range after the other must cover it; nil is behind the last address.
    var covered = region.pages.start.firstAddress
    for range in usable {
      if let place = covered, range.contains(place) { covered = range.end }
    }
    judge(
      covered.map { $0 >= region.pages.end.firstAddress ?? PhysicalAddress(.max) } ?? true,
      "\(region) has bytes that nobody calls usable")
  }
  judgeNothingLost(map, usable: usable, others: regions.filter { $0.kind != .usable })
}

/// A page that is usable as a whole, and nothing else, is usable in the map; looked at are the first
/// and the last page of each range.
private func judgeNothingLost(
  _ map: MemoryMap, usable: [AddressRange], others: [MemoryRegion]
) {
  for range in usable {
    guard let pages = range.wholePages, !pages.isEmpty else { continue }
    for page in [pages.start, PageFrame(pages.end.number - 1)] {
      let one = PageRange(page...page)
      if others.contains(where: { $0.range.touchedPages.overlaps(one) }) { continue }
      judge(map.hasUsable(one), "page \(page) of \(range) is lost")
    }
  }
}

extension MemoryRegionList {
  /// The elements as an array.
  borrowing func copy() -> [MemoryRegion] { (0..<count).map { self[$0] } }
}
