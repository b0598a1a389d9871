// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Finds what a heap knows of a page by the page's number: a tree of whole pages, as high as the
/// highest number needs.
///
/// A leaf has the entries of 64 pages; a page above it has a word for each page below: its address,
/// and in the low bits, which are 0 there, how many entries it has in use.  What is not needed any more
/// goes back at once, so an empty index has no pages.
@safe struct HeapIndex: ~Copyable {
  /// log2 of the number of entries in a leaf.
  private static var leafShift: UInt64 { 6 }

  /// log2 of the number of words in a page.
  private static var nodeShift: UInt64 {
    // Words have 4 or 8 bytes.
    PageFrame.byteCountShift &- (MemoryLayout<UInt>.size == 8 ? 3 : 2)
  }

  private static var countMask: UInt { UInt(truncatingIfNeeded: PageFrame.byteCount &- 1) }

  /// A pointer to a physical address is that address plus this.
  let directMapOffset: UInt

  /// The root, as a word of a page above it would have it; 0 for an empty index.
  private var root: UInt = 0

  /// The number of pages on the way from the root to a leaf, that one left out.
  private var height: UInt64 = 0

  /// How many pages it has.
  private(set) var pageCount: UInt64 = 0

  /// The leaf that was found last, and which one it is.
  private var recentLeaf: UInt = 0
  private var recentGroup: UInt64 = 0

  init(directMapOffset: UInt) {
    self.directMapOffset = directMapOffset
    // Entries are found by shifts.
    unsafe precondition(HeapPage.stride << Self.leafShift <= Int(PageFrame.byteCount))
  }

  /// What is known of a page; nil where it is none of the heap's.
  ///
  /// - Complexity: O(height): at most 5, and 1 beside the page found last.
  mutating func find(_ number: UInt64) -> HeapPage.Pointer? {
    let group = number >> Self.leafShift
    if recentLeaf == 0 || group != recentGroup {
      guard let leaf = leaf(group) else { return nil }
      recentLeaf = leaf
      recentGroup = group
    }
    let entry = unsafe Self.entry(of: number, in: recentLeaf)
    return unsafe entry.pointee.usedCount == 0 ? nil : entry
  }

  private func leaf(_ group: UInt64) -> UInt? {
    guard group >> (Self.nodeShift &* height) == 0 else { return nil }
    var word = root
    var level = height
    while level > 0, word != 0 {
      level &-= 1
      word = unsafe Self.slot(of: group, level, in: word).pointee
    }
    return word == 0 ? nil : word & ~Self.countMask
  }

  /// Adds an entry, and tells the caller where it is: all zeros, but for its number.
  ///
  /// - Returns: nil where the source has no pages for the index; nothing has changed then.
  /// - Complexity: O(height).
  mutating func insert(
    _ number: UInt64, below limit: PageFrame, from source: inout some HeapPageSource & ~Copyable
  ) -> HeapPage.Pointer? {
    let group = number >> Self.leafShift
    var needed = height
    while group >> (Self.nodeShift &* needed) != 0 { needed &+= 1 }
    var spare = SparePages(directMapOffset: directMapOffset)
    let missing = missingPageCount(on: group, height: needed)
    guard spare.take(missing, below: limit, from: &source) else { return nil }
    // What is missing is there from here on.
    while height < needed {
      if root != 0 {
        let top = spare.next()
        unsafe Self.slot(of: 0, 0, in: top).pointee = root
        root = top | 1
      }
      height &+= 1
    }
    pageCount &+= missing
    unsafe Self.insert(group, below: height, at: &root, &spare)
    guard let leaf = leaf(group) else { return nil }
    let entry = unsafe Self.entry(of: number, in: leaf)
    unsafe entry.pointee.number = number
    return unsafe entry
  }

  /// How many pages lack on the way to a leaf, once the index is so high.
  private func missingPageCount(on group: UInt64, height needed: UInt64) -> UInt64 {
    if root == 0 { return needed &+ 1 }
    // Those above the root, and all below the topmost one: the group lies beside the old ones.
    if needed > height { return (needed &- height) &+ needed }
    var word = root
    var level = height
    while level > 0 {
      level &-= 1
      word = unsafe Self.slot(of: group, level, in: word).pointee
      if word == 0 { return level &+ 1 }
    }
    return 0
  }

  /// Counts one entry more in the leaf of a group, and makes what lacks on the way to it.
  ///
  /// - Parameters:
  ///   - level: How many pages there are below this one on the way.
  ///   - word: The word that has this page.
  private static func insert(
    _ group: UInt64, below level: UInt64, at word: UnsafeMutablePointer<UInt>,
    _ spare: inout SparePages
  ) {
    if unsafe word.pointee == 0 { unsafe word.pointee = spare.next() }
    if level == 0 {
      unsafe word.pointee += 1
      return
    }
    let child = unsafe slot(of: group, level &- 1, in: word.pointee)
    if unsafe child.pointee == 0 { unsafe word.pointee += 1 }
    unsafe insert(group, below: level &- 1, at: child, &spare)
  }

  /// Takes out an entry that is there, and gives back the pages that were there for it alone.
  ///
  /// - Returns: A page that the source did not take back; nil if there is none.
  /// - Complexity: O(height).
  mutating func remove(
    _ entry: HeapPage.Pointer, to source: inout some HeapPageSource & ~Copyable
  ) -> PageRange? {
    let number = unsafe entry.pointee.number
    unsafe UnsafeMutableRawPointer(entry).initializeMemory(
      as: UInt8.self, repeating: 0, count: HeapPage.stride)
    var removal = Removal(group: number >> Self.leafShift, directMapOffset: directMapOffset)
    unsafe removal.run(below: height, at: &root, &source)
    pageCount &-= removal.freedPageCount
    if removal.freedPageCount > 0 { recentLeaf = 0 }
    if root == 0 { height = 0 }
    return removal.refused
  }

  /// The way down to a leaf that loses an entry.
  private struct Removal {
    let group: UInt64
    let directMapOffset: UInt
    var freedPageCount: UInt64 = 0
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
      if level == 0 {
        unsafe word.pointee -= 1
      } else {
        let child = unsafe HeapIndex.slot(of: group, level &- 1, in: word.pointee)
        unsafe run(below: level &- 1, at: child, &source)
        if unsafe child.pointee == 0 { unsafe word.pointee -= 1 }
      }
      guard unsafe word.pointee & HeapIndex.countMask == 0 else { return }
      let address = unsafe PhysicalAddress(UInt64(word.pointee &- directMapOffset))
      unsafe word.pointee = 0
      freedPageCount &+= 1
      guard let page = PageRange(start: address.pageFrame, pageCount: 1) else { return }
      if !source.freeHeapPages(page) { refused = page }
    }
  }

  /// The entry of a page in its leaf.
  private static func entry(of number: UInt64, in leaf: UInt) -> HeapPage.Pointer {
    // Below 64, and 64 entries fit a page.
    let index = Int(truncatingIfNeeded: number & (1 << leafShift &- 1))
    // A word that is not 0 has the address of a page.
    return unsafe UnsafeMutableRawPointer(bitPattern: leaf).unsafelyUnwrapped
      .advanced(by: index &* HeapPage.stride).assumingMemoryBound(to: HeapPage.self)
  }

  /// The word of a page above leaves that leads to a group, with `level` pages between that word's
  /// page and the leaf.
  private static func slot(
    of group: UInt64, _ level: UInt64, in word: UInt
  ) -> UnsafeMutablePointer<UInt> {
    let index = group >> (nodeShift &* level) & (1 << nodeShift &- 1)
    // As above.
    return unsafe UnsafeMutablePointer<UInt>(bitPattern: word & ~countMask).unsafelyUnwrapped
      + Int(truncatingIfNeeded: index)
  }
}
