// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Finds what a heap knows about a page by the page's number: a tree of whole pages, as high as the
/// highest number needs.
///
/// A leaf has the entries of 64 pages; a page above it has a word for each page below.  That word
/// has the address of the page below and, in the low bits, which are 0 in an address, the number of
/// entries in use if that is a leaf, and otherwise a bit for each eighth of it that has a word that
/// is not 0: other eighths are unused, with any content.  A leaf that lost its last entry is kept,
/// with the pages above it, until another leaf does, or until ``trim(to:)``.
@safe struct HeapIndex: ~Copyable {
  /// log2 of the number of entries in a leaf.
  private static var leafShift: UInt64 { 6 }

  /// log2 of the number of words in a page.
  private static var nodeShift: UInt64 {
    // Words have 4 or 8 bytes.
    PageFrame.byteCountShift &- (MemoryLayout<UInt>.size == 8 ? 3 : 2)
  }

  /// log2 of the number of words in an eighth of a page.
  private static var partShift: UInt64 { nodeShift &- 3 }

  private static var countMask: UInt { UInt(truncatingIfNeeded: PageFrame.byteCount &- 1) }

  /// A pointer to a physical address is that address plus this.
  var directMapOffset: UInt

  /// The root, in the form of a word in a page above it; 0 for an empty index.
  private var root: UInt = 0

  /// The number of pages on the path from the root to a leaf, the leaf not counted: at least 1, so
  /// that the word that leads to a leaf lies in a page; 0 for an empty index.
  private var height: UInt64 = 0

  /// The number of its pages.
  private(set) var pageCount: UInt64 = 0

  /// The number of its pages that the source has refused to take back.
  private(set) var refusedPageCount: UInt64 = 0

  /// The leaf that was found last, the word that leads to it, and the number of its group plus 1; 0
  /// for none.
  private var recentLeaf: UInt = 0
  private var recentWord: UnsafeMutablePointer<UInt>?
  private var recentKey: UInt64 = 0

  /// The number of the group whose empty leaf is kept, if it is still empty, plus 1; 0 for none.
  private var spareKey: UInt64 = 0

  init(directMapOffset: UInt) {
    self.directMapOffset = directMapOffset
    unsafe recentWord = nil
    // The entries of a leaf must fit a page.
    unsafe precondition(HeapPage.stride << Self.leafShift <= Int(PageFrame.byteCount))
  }

  /// The entry of a page, in use or not; nil if there is no leaf for it.
  ///
  /// - Complexity: O(1) for the leaf found last, O(height) otherwise: at most 5.
  @inline(__always)
  mutating func find(_ number: UInt64) -> HeapPage.Pointer? {
    let group = number >> Self.leafShift
    // The number of a group is far from the largest.
    if group &+ 1 != recentKey {
      guard remember(group) else { return nil }
    }
    return unsafe Self.entry(of: number, in: recentLeaf)
  }

  /// Makes the leaf of a group the one that was found last, if there is one.
  @inline(never)
  private mutating func remember(_ group: UInt64) -> Bool {
    guard root != 0, group >> (Self.nodeShift &* height) == 0 else { return false }
    var page = root
    var level = height
    while true {
      level &-= 1
      guard let word = unsafe Self.usedSlot(of: group, level, in: page) else { return false }
      page = unsafe word.pointee
      if page == 0 { return false }
      if level == 0 {
        recentLeaf = page & ~Self.countMask
        unsafe recentWord = unsafe word
        recentKey = group &+ 1
        return true
      }
    }
  }

  private mutating func forget() {
    recentLeaf = 0
    unsafe recentWord = nil
    recentKey = 0
  }

  /// Adds an entry.
  ///
  /// - Returns: The entry, in whose bitmap nothing is allocated; the rest has any content.  nil if
  ///   the source has no pages for the index, and then nothing has changed.
  /// - Complexity: O(1) in the leaf found last, O(height) otherwise.
  @inline(__always)
  mutating func insert(
    _ number: UInt64, below limit: PageFrame, from source: inout some HeapPageSource & ~Copyable
  ) -> HeapPage.Pointer? {
    let group = number >> Self.leafShift
    if group &+ 1 != recentKey, !remember(group) {
      guard addLeaf(group, below: limit, from: &source), remember(group) else { return nil }
    }
    unsafe recentWord.unsafelyUnwrapped.pointee &+= 1
    let entry = unsafe Self.entry(of: number, in: recentLeaf)
    unsafe entry.clearBitmap()
    return unsafe entry
  }

  /// Makes a leaf without entries, and what is missing on the path to it.
  @inline(never)
  private mutating func addLeaf(
    _ group: UInt64, below limit: PageFrame, from source: inout some HeapPageSource & ~Copyable
  ) -> Bool {
    var needed = max(height, 1)
    while group >> (Self.nodeShift &* needed) != 0 { needed &+= 1 }
    var spare = SparePages(directMapOffset: directMapOffset)
    let missing = missingPageCount(on: group, height: needed)
    guard spare.take(missing, below: limit, countingRefused: &refusedPageCount, from: &source)
    else { return false }
    // From here on nothing can fail: the missing pages are there.
    while height < needed {
      if root != 0 {
        var top = spare.next()
        unsafe Self.slot(of: 0, 0, using: &top).pointee = root
        root = top
      }
      height &+= 1
    }
    pageCount &+= missing
    if root == 0 { root = spare.next() }
    unsafe Self.addLeaf(group, below: height, at: &root, &spare)
    return true
  }

  /// Makes what is missing below a page on the path to a leaf.
  ///
  /// - Parameters:
  ///   - level: How many pages there are below this one on the path; not 0.
  ///   - word: The word that leads to this page.
  private static func addLeaf(
    _ group: UInt64, below level: UInt64, at word: UnsafeMutablePointer<UInt>,
    _ spare: inout SparePages
  ) {
    let child = unsafe slot(of: group, level &- 1, using: &word.pointee)
    if unsafe child.pointee == 0 {
      unsafe child.pointee = level > 1 ? spare.next() : addLeaf(from: &spare)
    }
    if level > 1 { unsafe addLeaf(group, below: level &- 1, at: child, &spare) }
  }

  /// Makes a leaf without entries, and writes nothing but that.
  private static func addLeaf(from spare: inout SparePages) -> UInt {
    let page = spare.next()
    // Four at a time: this is half of what the very first allocation takes.
    for number in stride(from: 0, to: 1 << leafShift as UInt64, by: 4) {
      let first = unsafe entry(of: number, in: page)
      for other in 0..<4 {
        unsafe UnsafeMutableRawPointer(first).advanced(by: other &* HeapPage.stride)
          .assumingMemoryBound(to: HeapPage.self).clear()
      }
    }
    return page
  }

  /// How many pages are missing on the path to a leaf, once the index has this height.
  private func missingPageCount(on group: UInt64, height needed: UInt64) -> UInt64 {
    if root == 0 { return needed &+ 1 }
    // Those above the root, and all below the topmost one: the group lies beside the old ones.
    if needed > height { return (needed &- height) &+ needed }
    var word = root
    var level = height
    while level > 0 {
      level &-= 1
      word = unsafe Self.usedSlot(of: group, level, in: word)?.pointee ?? 0
      if word == 0 { return level &+ 1 }
    }
    return 0
  }

  /// Removes an entry that has just been found.
  ///
  /// - Returns: A page of the index that the source did not take back; nil if there is none.
  /// - Complexity: O(1); O(height) if its leaf has no other entry.
  @inline(__always)
  mutating func remove(
    _ entry: HeapPage.Pointer, to source: inout some HeapPageSource & ~Copyable
  ) -> PageRange? {
    unsafe entry.clear()
    let word = unsafe recentWord.unsafelyUnwrapped
    unsafe word.pointee &-= 1
    return unsafe word.pointee & Self.countMask == 0 ? keepSpare(to: &source) : nil
  }

  /// Keeps the leaf that was found last, which has become empty, in place of the one kept before.
  @inline(never)
  private mutating func keepSpare(
    to source: inout some HeapPageSource & ~Copyable
  ) -> PageRange? {
    let key = recentKey
    if key == spareKey { return nil }
    let refused = removeSpare(to: &source)
    spareKey = key
    return refused
  }

  /// Gives back the empty leaf that is kept, and the pages that only it needs.
  ///
  /// - Returns: A page that the source did not take back; nil if there is none.
  mutating func trim(to source: inout some HeapPageSource & ~Copyable) -> PageRange? {
    let refused = removeSpare(to: &source)
    spareKey = 0
    return refused
  }

  private mutating func removeSpare(
    to source: inout some HeapPageSource & ~Copyable
  ) -> PageRange? {
    guard spareKey != 0, remember(spareKey &- 1),
      unsafe recentWord.unsafelyUnwrapped.pointee & Self.countMask == 0
    else { return nil }
    forget()
    var removal = Removal(group: spareKey &- 1, directMapOffset: directMapOffset)
    unsafe removal.run(below: height, at: &root, &source)
    pageCount &-= removal.freedPageCount
    refusedPageCount &+= removal.refusedPageCount
    if root == 0 { height = 0 }
    return removal.refused
  }

  /// The removal of a leaf, and of the pages above it that are not needed any more.
  private struct Removal {
    let group: UInt64
    let directMapOffset: UInt
    var freedPageCount: UInt64 = 0
    var refusedPageCount: UInt64 = 0
    var refused: PageRange?

    init(group: UInt64, directMapOffset: UInt) {
      self.group = group
      self.directMapOffset = directMapOffset
      refused = nil
    }

    mutating func run(
      below level: UInt64, at word: UnsafeMutablePointer<UInt>,
      _ source: inout some HeapPageSource & ~Copyable
    ) {
      if level > 0 {
        let child = unsafe HeapIndex.slot(of: group, level &- 1, in: word.pointee)
        unsafe run(below: level &- 1, at: child, &source)
        unsafe HeapIndex.forgetPart(of: group, level &- 1, ifUnusedIn: &word.pointee)
      }
      guard unsafe word.pointee & HeapIndex.countMask == 0 else { return }
      let address = unsafe PhysicalAddress(UInt64(word.pointee &- directMapOffset))
      unsafe word.pointee = 0
      freedPageCount &+= 1
      guard let page = PageRange(start: address.pageFrame, pageCount: 1) else { return }
      if !source.takeBack(page, countingRefused: &refusedPageCount) { refused = page }
    }
  }

  /// Calls `body` with every entry that is in use.
  ///
  /// - Complexity: O(pages of the index).
  func forEachEntry(_ body: (HeapPage.Pointer) -> Void) {
    if root != 0 { unsafe Self.forEachEntry(below: height, in: root, body) }
  }

  private static func forEachEntry(
    below level: UInt64, in word: UInt, _ body: (HeapPage.Pointer) -> Void
  ) {
    // Iterators would take most of the time in a build without optimisation.  Neither number passes
    // its bound, so neither wraps.
    if level == 0 {
      var number: UInt64 = 0
      while number < 1 << leafShift {
        let entry = unsafe entry(of: number, in: word & ~countMask)
        if unsafe entry.pointee.isInUse { unsafe body(entry) }
        number &+= 1
      }
      return
    }
    var group: UInt64 = 0
    while group < 1 << nodeShift {
      let child = unsafe usedSlot(of: group, 0, in: word)?.pointee ?? 0
      if child != 0 { unsafe forEachEntry(below: level &- 1, in: child, body) }
      group &+= 1
    }
  }

  /// The entry of a page in its leaf.
  @inline(__always)
  private static func entry(of number: UInt64, in leaf: UInt) -> HeapPage.Pointer {
    // Below 64, and 64 entries fit a page.
    let index = Int(truncatingIfNeeded: number & (1 << leafShift &- 1))
    // A word that is not 0 has the address of a page.
    return unsafe UnsafeMutableRawPointer(bitPattern: leaf).unsafelyUnwrapped
      .advanced(by: index &* HeapPage.stride).assumingMemoryBound(to: HeapPage.self)
  }

  /// The word, in a page above the leaves, that leads to a group; `level` pages lie between that
  /// page and the leaf.
  private static func slot(
    of group: UInt64, _ level: UInt64, in word: UInt
  ) -> UnsafeMutablePointer<UInt> {
    // A word that is not 0 has the address of a page.
    return unsafe UnsafeMutablePointer<UInt>(bitPattern: word & ~countMask).unsafelyUnwrapped
      + Int(truncatingIfNeeded: slotIndex(of: group, level))
  }

  @inline(__always)
  private static func slotIndex(of group: UInt64, _ level: UInt64) -> UInt64 {
    // Below 64: a level is only there where a group has bits for it.
    group &>> (nodeShift &* level) & (1 << nodeShift &- 1)
  }

  /// The bit for the eighth of its page that a group's word lies in.
  private static func part(of group: UInt64, _ level: UInt64) -> UInt {
    1 &<< UInt(truncatingIfNeeded: slotIndex(of: group, level) &>> partShift)
  }

  /// The word that leads to a group; nil if its eighth of the page is unused, with any content.
  @inline(__always)
  private static func usedSlot(
    of group: UInt64, _ level: UInt64, in word: UInt
  ) -> UnsafeMutablePointer<UInt>? {
    word & part(of: group, level) == 0 ? nil : unsafe slot(of: group, level, in: word)
  }

  /// The word that leads to a group, which the caller sets; if its eighth of the page is unused,
  /// that is cleared first.
  private static func slot(
    of group: UInt64, _ level: UInt64, using word: inout UInt
  ) -> UnsafeMutablePointer<UInt> {
    let part = part(of: group, level)
    if word & part == 0 {
      word |= part
      unsafe words(besides: group, level, in: word).update(repeating: 0, count: partWordCount)
    }
    return unsafe slot(of: group, level, in: word)
  }

  private static var partWordCount: Int { 1 << Int(partShift) }

  /// The first word of the eighth of its page that a group's word lies in.
  private static func words(
    besides group: UInt64, _ level: UInt64, in word: UInt
  ) -> UnsafeMutablePointer<UInt> {
    let place = Int(truncatingIfNeeded: slotIndex(of: group, level)) & (partWordCount &- 1)
    return unsafe slot(of: group, level, in: word) - place
  }

  /// Marks the eighth that a group's word lies in as unused if all of its words are 0 now.
  private static func forgetPart(of group: UInt64, _ level: UInt64, ifUnusedIn word: inout UInt) {
    // Without a buffer pointer: unless its conformances are optimized away, they need a heap of the
    // kernel's.
    let words = unsafe words(besides: group, level, in: word)
    for index in 0..<partWordCount where unsafe words[index] != 0 { return }
    word &= ~part(of: group, level)
  }
}
