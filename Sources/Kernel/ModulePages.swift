#if hasFeature(Embedded)
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory

/// The pages that can be released once the contents of the loader's modules are not needed: usable
/// ones that a module touches, and nobody but modules.
struct ModulePages {
  let map: MemoryMap

  /// The page behind the last one that the kernel manages.
  let limit: PageFrame

  /// Visits each of these pages once, in stretches; the first module that touches it brings it.
  ///
  /// - Complexity: O(m × n × (n + r)) for m modules, n owners and r usable ranges.
  func forEachStretch(
    _ owners: borrowing OwnerTable, _ body: (PageRange) throws(KernelError) -> Void
  ) throws(KernelError) {
    for index in 0..<owners.count {
      guard case .loader(.module) = owners[index].owner else { continue }
      var ranges = map.usablePages(in: owners[index].range.touchedPages)
      while let usable = ranges.next() {
        var page = usable.start
        let end = min(usable.end, limit)
        while page < end {
          let stretch = Self.stretch(from: page, end, ofModule: index, owners)
          if stretch.isHeld == false, let pages = PageRange(start: page, end: stretch.end) {
            try body(pages)
          }
          page = stretch.end
        }
      }
    }
  }

  /// The stretch of pages from `page` on that are all held by another owner, or all not.
  private static func stretch(
    from page: PageFrame, _ end: PageFrame, ofModule index: Int, _ owners: borrowing OwnerTable
  ) -> (isHeld: Bool, end: PageFrame) {
    var freeEnd = end
    for other in 0..<owners.count where other != index {
      if case .loader(.module) = owners[other].owner, other > index { continue }
      let held = owners[other].range.touchedPages
      if held.contains(page) { return (true, min(held.end, end)) }
      if held.start > page, !held.isEmpty { freeEnd = min(freeEnd, held.start) }
    }
    return (false, freeEnd)
  }
}
#endif
