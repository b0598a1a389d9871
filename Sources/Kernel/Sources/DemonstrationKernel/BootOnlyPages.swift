// SPDX-License-Identifier: MIT
import BootPlan
import MemoryMap
import TextOutput

/// The pages that were needed only during boot, and are reclaimed once the kernel has started.
struct BootOnlyPages {
  /// The number of these pages.
  private(set) var pageCount: UInt64 = 0

  /// Releases the memory of every owner that was needed only during boot, modules first, and
  /// reports how many pages each one yielded; an owner that shares all of its pages with others
  /// yields none.
  mutating func release<Failure: Error>(
    from owners: inout OwnerTable, reportingTo sink: inout some TextSink,
    by release: (MemoryOwner, inout OwnerTable) throws(Failure) -> UInt64
  ) throws(Failure) {
    let moduleOwner = { (owner: MemoryOwner) in
      if case .loader(.module) = owner { true } else { false }
    }
    var modulePageCount: UInt64 = 0
    while let module = owners.firstOwnerNeededOnlyDuringBoot(where: moduleOwner) {
      modulePageCount += try release(module, &owners)
    }
    sink.write("  released late, of modules: ")
    sink.write(pages: modulePageCount)
    pageCount += modulePageCount
    while let owner = owners.firstOwnerNeededOnlyDuringBoot() {
      let count = try release(owner, &owners)
      sink.write("  released late, of ")
      owner.write(to: &sink)
      sink.write(": ")
      sink.write(pages: count)
      pageCount += count
    }
    sink.write("  won back: ")
    sink.write(pages: pageCount)
  }
}

extension TextSink {
  fileprivate mutating func write(pages: UInt64) {
    write(decimal: pages)
    write(pages == 1 ? " page\n" : " pages\n")
  }
}
