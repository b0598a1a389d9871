// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// The debug mode; see ``MemoryChecks``.
extension Ledger {
  /// Checks all freed memory and all red zones, as ``NamedAllocating/checkMemory(in:)`` does.
  package mutating func checkMemory(in memory: borrowing some MappedMemory & ~Copyable) -> Int {
    let before = violationCount
    var place = unsafe held.start
    while let entry = unsafe held.entry(at: place) {
      unsafe checkRedZone(of: entry.pointee, in: memory)
      unsafe place = entry + 1
    }
    checkFreed(from: 0, through: .max, in: memory)
    return violationCount &- before
  }

  /// Checks the red zones in freed pages, and fills the pages except for those of bitmaps.
  @inline(never)
  mutating func checkFreeing(
    _ pages: PageRange, in memory: borrowing some MappedMemory & ~Copyable
  ) {
    let (first, last) = Entry.bounds(of: pages)
    let holder = unsafe held.firstOverlapping(from: first, through: last)
    let owner = unsafe holder?.pointee.owner ?? .nobody
    var place = unsafe held.start
    while let entry = unsafe held.entry(at: place) {
      unsafe place = entry + 1
      let end = unsafe entry.pointee.last
      let zoneByteCount = unsafe Entry.Address(entry.pointee.redZoneByteCount)
      // A red zone was allocated, so it does not wrap.
      guard zoneByteCount > 0, end <= last, end &+ zoneByteCount >= first else { continue }
      unsafe checkRedZone(of: entry.pointee, in: memory)
      // Otherwise it goes together with the end of its allocation.
      if end < first {
        unsafe entry.pointee.redZoneByteCount = UInt8(truncatingIfNeeded: first &- end &- 1)
      }
    }
    freed.remove(from: first, through: last)
    var page = pages.start
    while page < pages.end {
      let rest = PageRange(uncheckedStart: page, end: pages.end)
      let bitmap = memory.bitmapPages(overlapping: rest)
      let end = bitmap?.start ?? pages.end
      if page < end { fillFreed(PageRange(uncheckedStart: page, end: end), owner, in: memory) }
      page = bitmap?.end ?? end
    }
  }

  /// Fills freed pages and records them; without room for the record, counts it and leaves them
  /// unchanged.
  private mutating func fillFreed(
    _ pages: PageRange, _ owner: Entry.Owner, in memory: borrowing some MappedMemory & ~Copyable
  ) {
    let (first, last) = Entry.bounds(of: pages)
    let isFull = freed.isFull
    freed.append(
      Entry(
        first: first, last: last, owner: owner, isAllocated: false, isNeededOnlyDuringBoot: false,
        redZoneByteCount: 0))
    if !isFull { fill(from: first, through: last, with: .freed, in: memory) }
  }

  /// Checks the freed memory among the bytes from `first` to `last`.
  @inline(never)
  mutating func checkFreed(
    from first: Entry.Address, through last: Entry.Address,
    in memory: borrowing some MappedMemory & ~Copyable
  ) {
    var place = unsafe freed.start
    while let entry = unsafe freed.entry(at: place) {
      unsafe place = entry + 1
      let (start, end) = unsafe (max(entry.pointee.first, first), min(entry.pointee.last, last))
      guard start <= end else { continue }
      unsafe check(
        from: start, through: end, for: .freed, "freed by ", entry.pointee.owner, in: memory)
    }
  }

  @inline(never)
  private mutating func checkRedZone(
    of entry: Entry, in memory: borrowing some MappedMemory & ~Copyable
  ) {
    guard entry.redZoneByteCount > 0 else { return }
    // The zone was allocated, so it does not wrap.
    check(
      from: entry.last &+ 1, through: entry.last &+ Entry.Address(entry.redZoneByteCount),
      for: .redZone, "behind the end of ", entry.owner, in: memory)
  }

  /// Reports the first byte that does not match the pattern, if there is one.
  ///
  /// - Parameters:
  ///   - first: The address of the first byte.
  ///   - last: The address of the last byte.
  ///   - pattern: The expected contents.
  ///   - place: What the bytes are, such as `freed by `.
  ///   - owner: Their current or former owner.
  ///   - memory: The memory.
  @inline(never)
  private mutating func check(
    from first: Entry.Address, through last: Entry.Address, for pattern: MemoryPattern,
    _ place: StaticString, _ owner: Entry.Owner, in memory: borrowing some MappedMemory & ~Copyable
  ) {
    guard let start = unsafe memory.pointer(to: PhysicalAddress(UInt64(first))) else { return }
    var line = sink
    // Checked memory belongs to this machine, so its size fits in a machine word.
    guard
      unsafe pattern.firstOther(
        in: start, byteCount: UInt(truncatingIfNeeded: last &- first &+ 1), at: UInt64(first),
        to: &line) != nil
    else { return }
    violationCount &+= 1
    line.write(place)
    owner.write(to: &line)
    line.write("\n")
  }

  @inline(never)
  func fill(
    from first: Entry.Address, through last: Entry.Address, with pattern: MemoryPattern,
    in memory: borrowing some MappedMemory & ~Copyable
  ) {
    guard let start = unsafe memory.pointer(to: PhysicalAddress(UInt64(first))) else { return }
    // Memory allocated here is mapped, so its size fits in a machine word.
    unsafe pattern.fill(start, byteCount: UInt(truncatingIfNeeded: last &- first &+ 1))
  }
}
