// SPDX-License-Identifier: MIT
import BootMemory
import PhysicalMemory
import TextOutput

/// What a debug heap knows about its allocations, and how it checks them.
///
/// Each page of slots, and the first page of each block, has a page of notes, which an index finds
/// by the number of that page; the note of an allocation lies where the allocation lies in its own
/// page.  No slot is smaller than a note, as it has room for a byte and for a red zone.
///
/// Functions that write a line are never inlined: their callers' stack frames need no room for one
/// then.
@safe struct HeapNotes: ~Copyable {
  /// What is known about an allocation; all zeros for memory that was never given out.
  @unsafe private struct Note {
    /// The size that was asked for.
    var byteCount: UInt
    /// The size of its slot, or of its pages.
    var capacity: UInt
    /// Its name when it was freed.
    var name: UnsafePointer<CChar>?
    var isFreed: Bool

    var isLive: Bool { unsafe byteCount != 0 && !isFreed }
  }

  private var index: HeapIndex
  private let limit: PageFrame
  private let context: UnsafeMutableRawPointer?
  private let write: BootMemoryPlatform.Write?
  private let name: DebugHeap.Name?

  /// The number of findings so far.
  private(set) var violationCount = 0

  private var notePageCount: UInt64 = 0
  private var refusedNotePageCount: UInt64 = 0

  /// The number of pages with the notes and their index.
  var pageCount: UInt64 { index.pageCount &+ notePageCount }

  /// How many pages of the notes and their index the source has refused to take back.
  var refusedPageCount: UInt64 { index.refusedPageCount &+ refusedNotePageCount }

  init(
    directMapOffset: UInt, below limit: PageFrame, context: UnsafeMutableRawPointer?,
    write: BootMemoryPlatform.Write?, name: DebugHeap.Name?
  ) {
    index = HeapIndex(directMapOffset: directMapOffset)
    self.limit = limit
    unsafe self.context = unsafe context
    unsafe self.write = unsafe write
    unsafe self.name = unsafe name
    // The smallest slot of a debug heap holds a byte and a red zone.
    let smallest = SizeClass(holding: UInt(MemoryPattern.redZoneByteCount) + 1).byteCount
    unsafe precondition(MemoryLayout<Note>.stride <= Int(bitPattern: smallest))
  }

  // MARK: Pages

  /// Makes the notes for pages that the heap got, unless they exist, and fills the pages.
  ///
  /// - Returns: Whether the notes exist now; otherwise nothing has changed.
  @inline(never)
  mutating func prepare(
    _ address: UInt, _ pageCount: UInt64, from source: inout some HeapPageSource & ~Copyable
  ) -> Bool {
    let number = number(of: address)
    if let entry = unsafe index.find(number), unsafe entry.pointee.isInUse { return true }
    guard
      let page = source.takeHeapPages(
        1, alignedTo: 1, below: limit, directMapOffset: index.directMapOffset)
    else { return false }
    guard let entry = unsafe index.insert(number, below: limit, from: &source),
      let memory = unsafe page.start.pointer(directMapOffset: index.directMapOffset),
      let pages = unsafe UnsafeMutableRawPointer(bitPattern: address)
    else {
      _ = source.takeBack(page, countingRefused: &refusedNotePageCount)
      return false
    }
    unsafe MemoryPattern(byte: 0).fill(memory, byteCount: UInt(PageFrame.byteCount))
    unsafe entry.pointee = unsafe HeapPage(at: UInt(bitPattern: memory), pageCount: 1)
    notePageCount &+= 1
    // The pages are there, so their bytes fit the machine's words.
    unsafe MemoryPattern.freed.fill(pages, byteCount: UInt(pageCount << PageFrame.byteCountShift))
    return true
  }

  /// Removes the notes of pages that the heap gives back, and checks the pages first: nothing in
  /// them is allocated.
  @inline(never)
  mutating func remove(_ pages: PageRange, to source: inout some HeapPageSource & ~Copyable) {
    guard let entry = unsafe index.find(pages.start.number), unsafe entry.pointee.isInUse else {
      return
    }
    let address = pages.start.address(directMapOffset: index.directMapOffset)
    // The pages are there, so their bytes fit the machine's words.
    checkFreed(address, UInt(pages.pageCount << PageFrame.byteCountShift))
    let notes = unsafe PhysicalAddress(UInt64(entry.pointee.address &- index.directMapOffset))
    _ = unsafe index.find(pages.start.number)
    // What the source refuses is counted.
    _ = unsafe index.remove(entry, to: &source)
    notePageCount &-= 1
    if let page = PageRange(start: notes.pageFrame, pageCount: 1) {
      _ = source.takeBack(page, countingRefused: &refusedNotePageCount)
    }
  }

  mutating func trim(to source: inout some HeapPageSource & ~Copyable) {
    _ = index.trim(to: &source)
  }

  // MARK: Allocations

  mutating func byteCount(at address: UInt) -> UInt {
    unsafe note(at: address)?.pointee.byteCount ?? 0
  }

  /// Notes an allocation, or its new size, in a slot or in pages that have `capacity` bytes.
  mutating func begin(_ address: UInt, _ byteCount: UInt, capacity: UInt) {
    guard let note = unsafe note(at: address) else { return }
    unsafe note.pointee = unsafe Note(
      byteCount: byteCount, capacity: capacity, name: nil, isFreed: false)
    unsafe fillRedZone(of: note, at: address)
  }

  /// Notes that an allocation was freed, and fills it.
  mutating func end(_ address: UInt) {
    guard let note = unsafe note(at: address) else { return }
    unsafe note.pointee.name = currentName(of: address)
    unsafe note.pointee.isFreed = true
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    unsafe MemoryPattern.freed.fill(memory, byteCount: note.pointee.capacity)
  }

  // MARK: Looking

  /// Checks a slot, or pages, of this many bytes.
  mutating func check(_ address: UInt, _ byteCount: UInt) {
    guard let note = unsafe note(at: address) else { return }
    if unsafe note.pointee.isLive { checkRedZone(address) } else { checkFreed(address, byteCount) }
  }

  /// Checks the red zone after an allocation.
  @inline(never)
  mutating func checkRedZone(_ address: UInt) {
    guard let note = unsafe note(at: address) else { return }
    // In the slot, or in the pages.
    let start = unsafe address &+ note.pointee.byteCount
    let next = unsafe address &+ note.pointee.capacity
    var line = unsafe LineSink(context: context, write: write)
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: start),
      let offset = unsafe MemoryPattern.redZone.firstOther(
        in: memory, byteCount: next &- start, at: UInt64(start), to: &line)
    else { return }
    violationCount += 1
    line.write("behind the end of ")
    unsafe write(note, at: address, to: &line)
    // A write in front of an allocation spoils the red zone of the one before.
    if start &+ offset &+ UInt(MemoryPattern.redZoneByteCount) >= next,
      number(of: next) == number(of: address), let other = unsafe self.note(at: next),
      unsafe other.pointee.isLive
    {
      line.write("; and before ")
      unsafe write(other, at: next, to: &line)
    }
    line.write("\n")
    unsafe fillRedZone(of: note, at: address)
  }

  /// Checks memory in which nothing is allocated.
  @inline(never)
  mutating func checkFreed(_ address: UInt, _ byteCount: UInt) {
    var line = unsafe LineSink(context: context, write: write)
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address),
      let offset = unsafe MemoryPattern.freed.firstOther(
        in: memory, byteCount: byteCount, at: UInt64(address), to: &line)
    else { return }
    violationCount += 1
    if let (start, note) = unsafe lastNote(from: address, to: address &+ offset),
      unsafe address &+ offset &- start < note.pointee.capacity
    {
      line.write("in freed memory: ")
      unsafe write(note, at: start, to: &line)
    } else {
      line.write("in memory that was never given out")
    }
    line.write("\n")
    unsafe MemoryPattern.freed.fill(memory, byteCount: byteCount)
  }

  /// Reports an allocation that is to be freed, or resized, but was freed before.
  ///
  /// - Returns: Whether it was freed before.
  @inline(never)
  mutating func reportIfFreed(_ address: UInt) -> Bool {
    guard address & (KernelHeap.minimumAlignment &- 1) == 0,
      let note = unsafe note(at: address), unsafe note.pointee.isFreed
    else { return false }
    violationCount += 1
    var line = unsafe LineSink(context: context, write: write)
    line.write("memory check: freed before: ")
    unsafe write(note, at: address, to: &line)
    line.write("\n")
    return true
  }

  /// Reports what the heap has refused.
  @inline(never)
  mutating func report(_ error: KernelHeapError) {
    violationCount += 1
    var line = unsafe LineSink(context: context, write: write)
    line.write("memory check: ")
    error.write(to: &line)
    line.write("\n")
  }

  /// The address and the note of the last allocation that begins from `first` up to `last`, in the
  /// page of `first`.
  private mutating func lastNote(
    from first: UInt, to last: UInt
  ) -> (UInt, UnsafeMutablePointer<Note>)? {
    let mask = UInt(PageFrame.byteCount &- 1)
    // Blocks have one note, at their beginning.
    var address = number(of: first) == number(of: last) ? last & ~15 : first | mask & ~15
    while address >= first {
      if let note = unsafe note(at: address), unsafe note.pointee.byteCount != 0 {
        return unsafe (address, note)
      }
      if address & mask == 0 { return nil }
      address &-= 16
    }
    return nil
  }

  private func fillRedZone(of note: UnsafeMutablePointer<Note>, at address: UInt) {
    let size = unsafe note.pointee.byteCount
    guard let memory = unsafe UnsafeMutableRawPointer(bitPattern: address &+ size) else { return }
    unsafe MemoryPattern.redZone.fill(memory, byteCount: note.pointee.capacity &- size)
  }

  /// Writes which allocation it is: `0x64 bytes at 0x1000040: log`.
  private func write(
    _ note: UnsafeMutablePointer<Note>, at address: UInt, to line: inout LineSink
  ) {
    line.write("0x", hexadecimal: UInt64(unsafe note.pointee.byteCount), " bytes at 0x")
    line.write(hexadecimal: UInt64(address))
    guard
      var byte = unsafe note.pointee.isFreed ? note.pointee.name : currentName(of: address)
    else { return }
    line.write(": ")
    while unsafe byte.pointee != 0 {
      line.write(byte: UInt8(bitPattern: unsafe byte.pointee))
      unsafe byte += 1
    }
  }

  private func currentName(of address: UInt) -> UnsafePointer<CChar>? {
    unsafe name?(context, address &- index.directMapOffset)
  }

  private func number(of address: UInt) -> UInt64 {
    UInt64(address &- index.directMapOffset) >> PageFrame.byteCountShift
  }

  /// The note of what begins at an address, which is divisible by 16; nil if the heap has no page
  /// there.
  private mutating func note(at address: UInt) -> UnsafeMutablePointer<Note>? {
    guard let entry = unsafe index.find(number(of: address)), unsafe entry.pointee.isInUse else {
      return nil
    }
    let offset = address & UInt(PageFrame.byteCount &- 1)
    return unsafe UnsafeMutablePointer(bitPattern: entry.pointee.address &+ offset)
  }
}
