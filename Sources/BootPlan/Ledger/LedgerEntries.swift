// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// The entries of a ledger, in the order in which they were added, in storage supplied by the
/// ledger's owner.
///
/// The list is walked by pointers, which is why ledgers have a list type of their own: in C's
/// ledger, each access to an entry by index would add code to a kernel.
@safe package struct LedgerEntries<Entry: LedgerEntry>: ~Copyable {
  package typealias Pointer = UnsafeMutablePointer<Entry>

  /// The first entry; nil without storage.
  private(set) var start: Pointer?

  /// The place just past the last entry.
  private(set) var end: Pointer?

  /// The end of the storage.
  private let limit: Pointer?

  /// The number of entries that there was no room for.
  package var leftOutCount = 0

  /// Makes an empty list in storage that need not be initialised, but must stay valid.
  init(storage: UnsafeMutableBufferPointer<Entry>) {
    unsafe start = storage.baseAddress
    unsafe end = storage.baseAddress
    unsafe limit = storage.baseAddress.map { unsafe $0 + storage.count }
  }

  /// The number of entries.
  package var count: Int { unsafe Self.distance(start, end) }

  /// The number of entries that there is room for.
  package var capacity: Int { unsafe Self.distance(start, limit) }

  /// Whether there is no room for another entry.
  package var isFull: Bool { unsafe end == limit }

  /// Whether there is storage at all.
  package var hasStorage: Bool { unsafe start != nil }

  private static func distance(_ start: Pointer?, _ end: Pointer?) -> Int {
    // Both lie in the storage, or there is no storage and both are nil.
    (Int(bitPattern: end) &- Int(bitPattern: start)) / MemoryLayout<Entry>.stride
  }

  /// The entry at `index`, without a bounds check.
  package subscript(unchecked index: Int) -> Entry {
    get { unsafe start.unsafelyUnwrapped[index] }
    set { unsafe start.unsafelyUnwrapped[index] = newValue }
  }

  /// A pointer to the entry at `index`, or to the end; nil without storage.
  func pointer(at index: Int) -> Pointer? { unsafe start.map { unsafe $0 + index } }

  /// A pointer to the entry at a place; nil at the end.
  func entry(at place: Pointer?) -> Pointer? { unsafe place == end ? nil : place }

  /// Appends an entry or, if there is no room, counts it.
  @inline(never)
  mutating func append(_ entry: Entry) {
    guard let place = unsafe end, unsafe place != limit else {
      leftOutCount &+= 1
      return
    }
    unsafe place.initialize(to: entry)
    unsafe end = place + 1
  }

  /// Removes the last entry, if there is one.
  mutating func removeLast() {
    if unsafe start != end { unsafe end = end.unsafelyUnwrapped - 1 }
  }

  /// Removes an entry, and moves those after it down.
  ///
  /// - Complexity: O(n).
  @inline(never)
  mutating func remove(at place: Pointer) {
    guard let last = unsafe end else { return }
    unsafe Self.move(place + 1, through: last, to: place)
    unsafe end = last - 1
  }

  /// Moves the entries from one place to the end to another place; the two areas may overlap.
  private static func move(_ source: Pointer, through end: Pointer, to place: Pointer) {
    // Entries are trivial values, so moving their bytes is enough.
    unsafe UnsafeMutableRawPointer(place).copyMemory(
      from: source, byteCount: UnsafeRawPointer(end) - UnsafeRawPointer(source))
  }

  /// Inserts a copy of the entry at a place just after it, and moves those after it up.
  ///
  /// - Returns: A pointer to the copy; nil if there was no room, in which case it is counted.
  private mutating func duplicate(_ place: Pointer) -> Pointer? {
    guard let last = unsafe end, unsafe last != limit else {
      leftOutCount &+= 1
      return nil
    }
    let next = unsafe place + 1
    unsafe Self.move(place, through: last, to: next)
    unsafe end = last + 1
    return unsafe next
  }

  /// Removes the bytes from `first` to `last` from all entries.
  ///
  /// An entry with bytes on both sides is split into two consecutive ones; if there is no room, it
  /// keeps the lower part, and the upper part is counted.
  ///
  /// - Complexity: O(n), plus O(n) for each entry that is split in two.
  @inline(never)
  mutating func remove(from first: Entry.Address, through last: Entry.Address) {
    guard let start = unsafe start, let behind = unsafe end else { return }
    // Entries that vanish entirely go first, to make room for those that are split.
    var kept = unsafe start
    var entry = unsafe start
    while unsafe entry != behind {
      if unsafe entry.pointee.first < first || entry.pointee.last > last {
        unsafe kept.pointee = entry.pointee
        unsafe kept += 1
      }
      unsafe entry += 1
    }
    unsafe end = kept
    unsafe entry = start
    while unsafe entry != end.unsafelyUnwrapped {
      // Entries outside the range stay; all others have bytes outside it, so neither sum wraps.
      let (itsFirst, itsLast) = unsafe (entry.pointee.first, entry.pointee.last)
      if itsFirst < first, itsLast >= first {
        if itsLast > last, let rest = unsafe duplicate(entry) {
          unsafe rest.pointee.first = last &+ 1
        }
        unsafe entry.pointee.last = first &- 1
      } else if itsFirst >= first, itsFirst <= last {
        unsafe entry.pointee.first = last &+ 1
      }
      unsafe entry += 1
    }
  }

  /// The first entry that contains any of the bytes from `first` to `last`.
  ///
  /// - Complexity: O(n).
  @inline(never)
  func firstOverlapping(from first: Entry.Address, through last: Entry.Address) -> Pointer? {
    var place = unsafe start
    while let entry = unsafe entry(at: place) {
      if unsafe entry.pointee.first <= last && entry.pointee.last >= first { return unsafe entry }
      unsafe place = entry + 1
    }
    return nil
  }

  /// The first entry that touches a page.
  ///
  /// - Complexity: O(n).
  package func first(holding page: PageFrame) -> Entry? {
    // A page beyond the addresses that an entry can express has no entry.
    let first = Entry.Address(truncatingIfNeeded: page.number) &<< Entry.pageShift
    guard first &>> Entry.pageShift == page.number else { return nil }
    return unsafe firstOverlapping(from: first, through: first | Entry.offsetMask)?.pointee
  }

  /// The first entry that contains the byte at `address`.
  ///
  /// - Complexity: O(n).
  package func first(holding address: Entry.Address) -> Entry? {
    unsafe firstOverlapping(from: address, through: address)?.pointee
  }

  /// The first entry of `owner` at or after `place`.
  ///
  /// - Complexity: O(n).
  @inline(never)
  func first(of owner: Entry.Owner, from place: Pointer?) -> Pointer? {
    var place = unsafe place
    while let entry = unsafe entry(at: place) {
      if unsafe entry.pointee.owner == owner { return unsafe entry }
      unsafe place = entry + 1
    }
    return nil
  }

  /// The first entry of `owner`.
  ///
  /// - Complexity: O(n).
  package func first(of owner: Entry.Owner) -> Entry? {
    unsafe first(of: owner, from: start)?.pointee
  }
}
