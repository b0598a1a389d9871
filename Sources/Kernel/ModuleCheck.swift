#if hasFeature(Embedded)
import BootPlan
import Firmware
import MemoryMap
import PhysicalMemory
import TextOutput

/// Says of each module of the loader whether it can be what the loader meant.
struct ModuleCheck {
  let map: MemoryMap

  /// Reports modules that lie not in usable memory as a whole, or where something else does.
  func report(_ owners: borrowing OwnerTable, to sink: inout some TextSink) {
    for index in 0..<owners.count {
      guard case .loader(.module) = owners[index].owner else { continue }
      reportMissingMemory(owners[index], to: &sink)
      reportOverlap(of: index, owners, to: &sink)
    }
  }

  private func reportMissingMemory(_ module: OwnedRange, to sink: inout some TextSink) {
    let pages = module.range.touchedPages
    let usable = map.usablePageCount(in: pages)
    guard usable < pages.pageCount else { return }
    sink.write("loader: ")
    module.write(to: &sink)
    sink.write(": lies not in usable memory as a whole, but with ")
    sink.write(byteCount: usable * PageFrame.byteCount)
    sink.write("\n")
  }

  /// Names the first that holds a byte of a module's; of two modules the later one is reported.
  private func reportOverlap(
    of index: Int, _ owners: borrowing OwnerTable, to sink: inout some TextSink
  ) {
    for other in 0..<owners.count where owners[other].range.overlaps(owners[index].range) {
      if case .loader(.module) = owners[other].owner, other >= index { continue }
      sink.write("loader: ")
      owners[index].write(to: &sink)
      sink.write(": overlaps ")
      owners[other].write(to: &sink)
      sink.write("\n")
      return
    }
  }
}
#endif
