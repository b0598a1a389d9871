import MemoryMap
import PhysicalMemory
import TextOutput

/// Which memory is held, and by whom: what must be reserved before anything is allocated, and what
/// an error message names when a page turns out to be taken.
///
/// The table lies in storage of its owner.  Ranges may overlap; the one that was added first names
/// the holder.
public struct OwnerTable: ~Copyable {
  private var ranges: OwnedRangeList

  /// Makes an empty table in `storage`, which must stay valid, and untouched by others, as long as
  /// the table is used.  It need not be initialised.
  public init(storage: UnsafeMutableBufferPointer<OwnedRange>) {
    ranges = unsafe OwnedRangeList(storage: storage)
  }

  /// The number of ranges in the table.
  public var count: Int { ranges.count }

  /// The number of ranges that the table can hold.
  public var capacity: Int { ranges.capacity }

  /// The range at `index`, counted from 0 in the order in which they were added.
  public subscript(index: Int) -> OwnedRange { ranges[index] }

  /// Adds a range; an empty one holds nothing and is left out.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table is unchanged then.
  public mutating func add(_ range: AddressRange, _ owner: MemoryOwner) throws(BootPlanError) {
    guard count < capacity || range.isEmpty else { throw .ownerTableFull(capacity: capacity) }
    ranges.append(range, owner)
  }

  /// Adds all ranges of `list`.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table has as many as fit then.
  public mutating func add(contentsOf list: borrowing OwnedRangeList) throws(BootPlanError) {
    for index in 0..<list.count { try add(list[index].range, list[index].owner) }
  }

  /// Adds a range of pages; one without pages, or beyond 64-bit addresses, is left out.
  ///
  /// - Throws: ``BootPlanError/ownerTableFull(capacity:)``; the table is unchanged then.
  public mutating func add(_ pages: PageRange, _ owner: MemoryOwner) throws(BootPlanError) {
    guard let range = AddressRange(pages) else { return }
    try add(range, owner)
  }

  /// Takes the range that was added last out again.
  ///
  /// - Precondition: There is one.
  public mutating func removeLast() {
    ranges.removeLast()
  }

  /// Who holds `page`; nil if nobody does.
  ///
  /// - Complexity: O(n).
  public borrowing func owner(of page: PageFrame) -> MemoryOwner? {
    for index in 0..<count where self[index].range.touchedPages.contains(page) {
      return self[index].owner
    }
    return nil
  }

  /// The first page behind everything in `window` that is held; the start of the window if nothing
  /// there is.
  ///
  /// - Complexity: O(n).
  public borrowing func highestEnd(in window: PageRange) -> PageFrame {
    var end = window.start
    for index in 0..<count {
      guard let part = self[index].range.touchedPages.intersection(window) else { continue }
      end = max(end, part.end)
    }
    return end
  }

  /// The pages of a range in the table that overlaps `pages`; nil if all of `pages` are nobody's.
  ///
  /// - Complexity: O(n).
  public borrowing func heldPages(overlapping pages: PageRange) -> PageRange? {
    for index in 0..<count {
      let held = self[index].range.touchedPages
      if held.overlaps(pages) { return held }
    }
    return nil
  }

  /// Writes one range a line, each behind two spaces.
  public borrowing func write(to sink: inout some TextSink) {
    ranges.write(to: &sink)
  }
}
