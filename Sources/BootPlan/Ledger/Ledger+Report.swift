// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// A human-readable report of who holds what.
extension Ledger {
  /// Writes who holds what, as ``OwnerTable/writeReport(to:)`` does.
  package func writeReport(to sink: inout some TextSink) {
    var all = Sum()
    var bootOnly = Sum()
    var pageCount: Entry.Address = 0
    var coveredEnd: Entry.Address = 0
    var last: LedgerEntries<Entry>.Pointer?
    while let entry = unsafe next(behind: last) {
      let held = unsafe entry.pointee
      sink.write("  ")
      sink.write(addressesFrom: UInt64(held.first), through: UInt64(held.last))
      sink.write(" ")
      held.owner.write(to: &sink)
      sink.write(", ")
      sink.write(byteCount: held.byteCount)
      all.add(held.byteCount)
      if held.isNeededOnlyDuringBoot {
        sink.write(", during boot only")
        bootOnly.add(held.byteCount)
      }
      sink.write("\n")
      let (start, end) = (max(held.firstPage, coveredEnd), held.lastPage &+ 1)
      if start < end {
        // Each page of the machine counts once, so the sum does not wrap.
        pageCount &+= end &- start
        coveredEnd = end
      }
      unsafe last = entry
    }
    writeSums(to: &sink)
    sink.write("  all")
    all.write(to: &sink)
    sink.write(" in ")
    sink.write(decimal: pageCount)
    sink.write(" pages")
    if bootOnly.count > 0 {
      sink.write("; during boot only")
      bootOnly.write(to: &sink)
    }
    sink.write("\n")
    if held.leftOutCount > 0 {
      sink.write("  and ")
      sink.write(decimal: held.leftOutCount.magnitude)
      sink.write(" more: the ledger")
      writeFull(to: &sink)
      sink.write("\n")
    }
  }

  /// Writes how many ranges there is room for, and how many are needed:
  /// ` holds 16 ranges, and needs room for 20`.
  @inline(never)
  package func writeFull(to sink: inout some TextSink) {
    sink.write(" holds ")
    sink.write(decimal: held.capacity.magnitude)
    sink.write(" ranges, and needs room for ")
    sink.write(decimal: neededCapacity.magnitude)
  }

  /// Writes who holds a page, such as `; pages 0x100-0x1ff: kernel image`, or nothing if it is not
  /// held.
  @inline(never)
  package func writeHolder(of page: PageFrame, to sink: inout some TextSink) {
    guard let entry = held.first(holding: page) else { return }
    sink.write("; pages 0x", hexadecimal: UInt64(entry.firstPage), "-0x")
    sink.write("", hexadecimal: UInt64(entry.lastPage), ": ")
    entry.owner.write(to: &sink)
  }

  /// Writes the sums of owners that have several ranges, in the order of their first ranges.
  @inline(never)
  private func writeSums(to sink: inout some TextSink) {
    var place = unsafe held.start
    while let entry = unsafe held.entry(at: place) {
      unsafe place = entry + 1
      let owner = unsafe entry.pointee.owner
      guard unsafe held.first(of: owner, from: held.start) == entry else { continue }
      var sum = Sum()
      var same: LedgerEntries<Entry>.Pointer? = unsafe entry
      while let one = unsafe same {
        unsafe sum.add(one.pointee.byteCount)
        unsafe same = held.first(of: owner, from: one + 1)
      }
      guard sum.count > 1 else { continue }
      sink.write("  ")
      owner.write(to: &sink)
      sum.write(to: &sink)
      sink.write("\n")
    }
  }

  /// The next entry in ascending order of first addresses; among equal ones, the one added first.
  @inline(never)
  private func next(
    behind last: LedgerEntries<Entry>.Pointer?
  ) -> LedgerEntries<Entry>.Pointer? {
    var next: LedgerEntries<Entry>.Pointer?
    var place = unsafe held.start
    while let entry = unsafe held.entry(at: place) {
      unsafe place = entry + 1
      let first = unsafe entry.pointee.first
      if let last = unsafe last {
        // Skip the entries that came before, and the last one itself.
        let lastFirst = unsafe last.pointee.first
        if unsafe first < lastFirst || first == lastFirst && entry <= last { continue }
      }
      if let found = unsafe next, unsafe found.pointee.first <= first { continue }
      unsafe next = entry
    }
    return unsafe next
  }
}

/// A number of ranges and the sum of their sizes.
private struct Sum {
  var count: UInt = 0
  var byteCount: UInt64 = 0

  /// Adds a range of the given size; overlapping ranges may add up to more than 64 bits can
  /// express.
  @inline(never)
  mutating func add(_ rangeByteCount: UInt64) {
    count &+= 1
    let (sum, overflow) = byteCount.addingReportingOverflow(rangeByteCount)
    byteCount = overflow ? .max : sum
  }

  /// Writes `: 2 ranges, 8 KiB`.
  @inline(never)
  func write(to sink: inout some TextSink) {
    sink.write(": ")
    sink.write(decimal: count)
    sink.write(" ranges, ")
    sink.write(byteCount: byteCount)
  }
}
