// SPDX-License-Identifier: MIT
import BootMemory
import MemoryMap
import PhysicalMemory
import TextOutput

/// Telling a person who holds what.
extension OwnerTable {
  /// Writes who holds what: one range a line with its size, in ascending order; then the sum of each
  /// owner that has several ranges, and the sum of all.  Each line stands behind two spaces.
  ///
  /// Ranges that overlap count for each of their owners, and their pages once in the sum of all.
  ///
  /// - Complexity: O(n²).
  public borrowing func writeReport(to sink: inout some TextSink) {
    var byteCount: UInt64 = 0
    var pageCount: UInt64 = 0
    var bootOnly = (count: 0, byteCount: UInt64(0))
    var coveredEnd: PageFrame = 0
    var last: Int?
    while let index = nextIndex(behind: last) {
      let held = self[unchecked: index]
      sink.write("  ")
      held.write(to: &sink)
      sink.write(", ")
      sink.write(byteCount: held.range.byteCount)
      if held.isNeededOnlyDuringBoot {
        sink.write(", during boot only")
        bootOnly.count += 1
        bootOnly.byteCount.add(held.range)
      }
      sink.write("\n")
      byteCount.add(held.range)
      let pages = held.range.touchedPages
      if let more = PageRange(start: max(pages.start, coveredEnd), end: pages.end) {
        pageCount += more.pageCount
        coveredEnd = pages.end
      }
      last = index
    }
    writeSums(to: &sink)
    sink.write("  all: ", count, " ranges, ")
    sink.write(byteCount: byteCount)
    sink.write(" in ")
    sink.write(decimal: pageCount)
    sink.write(" pages")
    if bootOnly.count > 0 {
      sink.write("; during boot only: ", bootOnly.count, " ranges, ")
      sink.write(byteCount: bootOnly.byteCount)
    }
    sink.write("\n")
    if leftOutCount > 0 {
      sink.write("  and ", leftOutCount, " more: the ledger holds ")
      sink.write("", capacity, " ranges, and needs room for ")
      sink.write("", neededCapacity, "\n")
    }
  }

  /// Writes the reason of a refusal as ``/BootMemory/BootMemoryError/write(to:)`` does, and who holds
  /// the page in the way: `page 0x100 is reserved already; pages 0x100-0x1ff: kernel image`.
  ///
  /// - Complexity: O(n).
  public borrowing func write(_ error: BootMemoryError, to sink: inout some TextSink) {
    error.write(to: &sink)
    let page: PageFrame? =
      switch error {
      case .alreadyReserved(let page), .misuse(.outsideNodes(let page)),
        .misuse(.outsideNode(let page, _)):
        page
      default: nil
      }
    if let page { writeHolder(of: page, to: &sink) }
  }

  /// Writes who holds a page, `; pages 0x100-0x1ff: kernel image`; nothing if nobody does.
  @inline(never)
  package borrowing func writeHolder(of page: PageFrame, to sink: inout some TextSink) {
    guard let held = firstRange(holding: page) else { return }
    let pages = held.range.touchedPages
    sink.write("; pages 0x", hexadecimal: pages.start.number, "-0x")
    // It has the page.
    sink.write("", hexadecimal: pages.end.number - 1, ": ")
    held.owner.write(to: &sink)
  }

  /// The sums of owners that have several ranges, in the order in which the first was added.
  @inline(never)
  private borrowing func writeSums(to sink: inout some TextSink) {
    for index in 0..<count {
      let owner = self[unchecked: index].owner
      var sum = (count: 0, byteCount: UInt64(0))
      var isFirst = true
      for other in 0..<count where isHeld(other, by: owner) {
        if other < index { isFirst = false }
        sum.count += 1
        sum.byteCount.add(self[unchecked: other].range)
      }
      guard isFirst, sum.count > 1 else { continue }
      sink.write("  ")
      owner.write(to: &sink)
      sink.write(": ", sum.count, " ranges, ")
      sink.write(byteCount: sum.byteCount)
      sink.write("\n")
    }
  }

  /// The range that comes next in ascending order, of equal ones the one that was added first.
  @inline(never)
  private borrowing func nextIndex(behind last: Int?) -> Int? {
    var next: Int?
    for index in 0..<count {
      if let last, !isOrdered(last, index) { continue }
      if let found = next, isOrdered(found, index) { continue }
      next = index
    }
    return next
  }

  /// Whether the one range comes before the other, which is another one.
  @inline(never)
  private borrowing func isOrdered(_ left: Int, _ right: Int) -> Bool {
    let (leftStart, rightStart) = (
      self[unchecked: left].range.start, self[unchecked: right].range.start
    )
    return leftStart < rightStart || leftStart == rightStart && left < right
  }
}

extension UInt64 {
  /// Adds the size of a range; ranges that overlap may have more bytes together than there are.
  @inline(never)
  fileprivate mutating func add(_ range: AddressRange) {
    let (sum, overflow) = addingReportingOverflow(range.byteCount)
    self = overflow ? .max : sum
  }
}

extension TextSink {
  @inline(never)
  fileprivate mutating func write(_ before: StaticString, _ count: Int, _ after: StaticString) {
    write(before)
    write(decimal: UInt64(count.magnitude))
    write(after)
  }
}
