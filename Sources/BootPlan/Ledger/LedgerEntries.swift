// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory

/// The entries of a ledger, in the order in which they were made, in storage of its owner's.
///
/// It is walked by pointers, and a ledger has its own list for that: in C's, each place that reads an
/// entry by its number costs a kernel code.
@safe package struct LedgerEntries<Entry: LedgerEntry>: ~Copyable {
  package typealias Pointer = UnsafeMutablePointer<Entry>

  /// The first entry; nil without storage.
  private(set) var start: Pointer?

  /// The place behind the last entry.
  private(set) var end: Pointer?

  /// The end of the storage.
  private let limit: Pointer?

  /// How many entries there was no room for.
  package var leftOutCount = 0

  /// Makes an empty list in storage that need not be initialised, and must stay.
  init(storage: UnsafeMutableBufferPointer<Entry>) {
    unsafe start = storage.baseAddress
    unsafe end = storage.baseAddress
    unsafe limit = storage.baseAddress.map { unsafe $0 + storage.count }
  }

  /// The number of entries.
  package var count: Int { unsafe Self.distance(start, end) }

  /// How many there is room for.
  package var capacity: Int { unsafe Self.distance(start, limit) }

  /// Whether there is no room for another.
  package var isFull: Bool { unsafe end == limit }

  /// Whether there is storage at all.
  package var hasStorage: Bool { unsafe start != nil }

  private static func distance(_ start: Pointer?, _ end: Pointer?) -> Int {
    // Both lie in the storage, or there is none and both are nil.
    (Int(bitPattern: end) &- Int(bitPattern: start)) / MemoryLayout<Entry>.stride
  }

  /// The entry at `index`, without a look whether there is one.
  package subscript(unchecked index: Int) -> Entry {
    get { unsafe start.unsafelyUnwrapped[index] }
    set { unsafe start.unsafelyUnwrapped[index] = newValue }
  }

  /// Where the entry at `index` is, or the end.
  func pointer(at index: Int) -> Pointer? { unsafe start.map { unsafe $0 + index } }

  /// The entry at a place; nil at the end.
  func entry(at place: Pointer?) -> Pointer? { unsafe place == end ? nil : place }

  /// Appends an entry or, where there is no room, counts it.
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

  /// Takes an entry out; those behind it move up.
  ///
  /// - Complexity: O(n).
  @inline(never)
  mutating func remove(at place: Pointer) {
    guard let last = unsafe end else { return }
    unsafe Self.move(place + 1, through: last, to: place)
    unsafe end = last - 1
  }

  /// Moves what lies from a place up to the end to another place; both may overlap.
  private static func move(_ source: Pointer, through end: Pointer, to place: Pointer) {
    // Entries are plain values: their bytes are all there is to move.
    unsafe UnsafeMutableRawPointer(place).copyMemory(
      from: source, byteCount: UnsafeRawPointer(end) - UnsafeRawPointer(source))
  }

  /// Makes the same entry once more, behind the one at a place; those behind that move up.
  ///
  /// - Returns: Where it is; nil if there was no room, and then it is counted.
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

  /// Takes the bytes from `first` to `last` out of all entries.
  ///
  /// One that has bytes on both sides becomes two, one behind the other, or, where there is no room,
  /// keeps those in front, and the second is counted.
  ///
  /// - Complexity: O(n), and O(n) for each one that becomes two.
  @inline(never)
  mutating func remove(from first: Entry.Address, through last: Entry.Address) {
    guard let start = unsafe start, let behind = unsafe end else { return }
    // What goes as a whole makes room for what becomes two.
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
      // What has no such byte stays; another has bytes outside, so that neither sum wraps.
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

  /// The first entry with any of the bytes from `first` to `last`.
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
    // A page beyond these addresses has none.
    let first = Entry.Address(truncatingIfNeeded: page.number) &<< Entry.pageShift
    guard first &>> Entry.pageShift == page.number else { return nil }
    return unsafe firstOverlapping(from: first, through: first | Entry.offsetMask)?.pointee
  }

  /// The first entry with a byte.
  ///
  /// - Complexity: O(n).
  package func first(holding address: Entry.Address) -> Entry? {
    unsafe firstOverlapping(from: address, through: address)?.pointee
  }

  /// The first entry of `owner` at `place` or behind it.
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
