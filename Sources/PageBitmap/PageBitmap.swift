// SPDX-License-Identifier: MIT
import PhysicalMemory

/// Which pages of a node are free: a bitmap that costs nothing until it is used.
///
/// A flat bitmap must be written in full before the first allocation, and read bit by bit in every
/// search.  This one is a tree.  Level 0 is the bitmap, with one bit per page.  Each group of level
/// 1 records how free `BitmapWord.bitCount` words (64 or 32) are, each group of the next level does
/// so for as many groups, and so on up to the root, the one group above all others:
///
///     level 2 (root)   all      mixed            none   ...      one state for 64 words' groups
///                                 |
///     level 1            none  mixed  all  ...                   one state for a word
///                                |
///     level 0               0110111100000011...                  one bit for a page, 1 is free
///
/// A state has two bits, in two planes, so that 64 states are examined in one operation:
///
///     high low
///      0    0    none        no page is free
///      0    1    scattered   some are, but no aligned group of 8 (a byte of the bitmap)
///      1    0    clustered   some are, among them an aligned group of 8
///      1    1    all         every page is free
///
/// From level 2 up, a third plane says which children contain a word whose pages are all free.
///
/// **Laziness.**  Nothing is stored below a child that is `none` or `all`: the memory there has any
/// content.  It is written only when a part of it is to differ, one group per level.  So a new
/// bitmap writes only the root and the level below, which are always valid (that is, stored); and
/// freeing or reserving a range writes a few groups at its two ends, and groups right below the
/// root between them.
///
/// **Search** descends only into children that can hold what is sought, see
/// ``firstRun(ofLength:alignedTo:from:below:)``.
@safe @usableFromInline
package struct PageBitmap {
  /// The first word of each level, from level 0 up to the root.
  @usableFromInline
  var levels: UnsafeMutablePointer<UnsafeMutablePointer<BitmapWord>>?

  /// The first word of level 0.
  @usableFromInline
  package private(set) var words: UnsafeMutablePointer<BitmapWord>?

  /// The first group of level 1.
  @usableFromInline
  var wordGroups: UnsafeMutablePointer<BitmapWord>?

  /// The level of the root, the one group that all others are below; at least 2.  The root and the
  /// groups right below it are always valid.
  @usableFromInline
  package private(set) var rootLevel: Int

  /// log2 of the number of groups of level 1 that a group right below the root covers.
  @usableFromInline
  private(set) var topShift: UInt

  /// The number of bits on level 0; bits from here on are never 1.
  package private(set) var bitCount: UInt

  /// The page frame number of bit 0, a multiple of the word's width.
  ///
  /// Alignments below the width are therefore patterns within a word; larger ones need this number.
  @usableFromInline
  package private(set) var firstPageNumber: UInt

  /// Where the last change was.
  @usableFromInline
  package var cursor: BitmapCursor

  /// Masks the number of a bit down to its number within its word.
  @inlinable @inline(__always)
  package static var bitMask: UInt { BitmapWord.bitCount &- 1 }

  /// The bitmap of a node without pages.
  package init() {
    unsafe levels = nil
    unsafe words = nil
    unsafe wordGroups = nil
    rootLevel = 0
    topShift = 0
    bitCount = 0
    firstPageNumber = 0
    cursor = .nowhere
  }

  /// The size in bytes of the bitmap of `pageCount` pages, whichever page they start at.
  ///
  /// - Parameter pageCount: At most 2^52 where words have 64 bits, and 2^32 - 65 where they have 32.
  /// - Complexity: O(levels).
  package static func byteCount(forPageCount pageCount: UInt) -> UInt {
    // The pages may start at any page of the first word.
    BitmapLayout(bitCount: pageCount + bitMask).byteCount
  }

  /// The size in bytes of the bitmap of `pageCount` pages with 32-bit words and pointers.
  ///
  /// - Complexity: O(levels).
  package static func byteCountOn32Bits(forPageCount pageCount: UInt) -> UInt {
    WordLayout<UInt32>(bitCount: pageCount + 31).byteCount(pointerByteCount: 4)
  }

  /// Makes this a bitmap with no page free.
  ///
  /// It works in place, since the value of an initialiser would be copied.
  ///
  /// - Parameters:
  ///   - pages: The pages; those before them in the first word also have a bit.
  ///   - memory: At least ``byteCount(forPageCount:)`` bytes, aligned for a pointer, of any
  ///     content.
  /// - Complexity: O(levels); writes only the root and the level below.
  @_optimize(speed)
  package mutating func reset(for pages: Range<PageNumber>, memory: UnsafeMutableRawPointer) {
    // Bit 0 is the page at which a word begins, so that alignments need no addition.
    firstPageNumber = pages.lowerBound & ~Self.bitMask
    let layout = BitmapLayout(bitCount: pages.upperBound &- firstPageNumber)
    rootLevel = layout.rootLevel
    // Right below a root of level 2 are groups of level 1, whose children are words.  Levels are
    // few, so the shift is small.
    topShift = BitmapWord.bitShift &* UInt(bitPattern: layout.rootLevel &- 2)
    bitCount = layout.bitCount
    cursor = .nowhere
    let levels = unsafe memory.assumingMemoryBound(
      to: UnsafeMutablePointer<BitmapWord>.self)
    var start = unsafe memory + Int(bitPattern: layout.byteCount)
    var groupCount = layout.bitCount
    var level = 0
    repeat {
      groupCount = BitmapLayout.groupCount(of: groupCount)
      let wordCount = groupCount &<< BitmapLayout.groupShift(onLevel: level)
      unsafe start -= Int(bitPattern: wordCount) &* MemoryLayout<BitmapWord>.size
      unsafe levels[level] = start.assumingMemoryBound(to: BitmapWord.self)
      level &+= 1
    } while level <= layout.rootLevel
    unsafe self.levels = unsafe levels
    unsafe words = levels[0]
    unsafe wordGroups = levels[1]
    fillGroup(0, onLevel: rootLevel, with: 0)
    fillGroups(0..<layout.topGroupCount, onLevel: rootLevel &- 1, with: 0)
  }

  /// The word of level 0 with number `index`; the caller knows that it is valid.
  @inline(__always)
  func storedWord(_ index: UInt) -> BitmapWord { unsafe place(ofWord: index).pointee }

  /// Stores a word of level 0.
  @inline(__always)
  func storeWord(_ index: UInt, _ word: BitmapWord) {
    unsafe place(ofWord: index).pointee = word
  }

  /// The address of a word of level 0.
  @inlinable @inline(__always)
  func place(ofWord index: UInt) -> UnsafeMutablePointer<BitmapWord> {
    unsafe words.unsafelyUnwrapped + Int(bitPattern: index)
  }

  /// The planes of a group that the caller knows to be valid.
  @inline(__always)
  package func planes(ofGroup index: UInt, onLevel level: Int) -> GroupPlanes {
    let group = unsafe group(index, onLevel: level)
    let low = unsafe group[0]
    let high = unsafe group[1]
    return unsafe GroupPlanes(low: low, high: high, word: level == 1 ? low & high : group[2])
  }

  /// The two planes of the group of level 1 that holds a word's state: low, high.
  @inlinable @inline(__always)
  package func wordGroup(ofWord index: UInt) -> UnsafeMutablePointer<BitmapWord> {
    let offset = (index &>> BitmapWord.bitShift) &<< BitmapLayout.groupShift(onLevel: 1)
    return unsafe wordGroups.unsafelyUnwrapped + Int(bitPattern: offset)
  }

  /// The state of a word; its group must be valid.
  @inline(__always)
  func state(ofWord index: UInt) -> PageState {
    let group = unsafe wordGroup(ofWord: index)
    let bit = BitmapWord(truncatingIfNeeded: index & Self.bitMask)
    return unsafe PageState(bits: (group[0] &>> bit & 1) | (group[1] &>> bit & 1) &<< 1)
  }

  /// Stores the planes of a group.
  @inline(__always)
  func store(_ planes: GroupPlanes, inGroup index: UInt, onLevel level: Int) {
    let group = unsafe group(index, onLevel: level)
    unsafe group[0] = planes.low
    unsafe group[1] = planes.high
    if level > 1 {
      unsafe group[2] = planes.word
    }
  }

  /// Makes a group, or on level 0 a word, uniform.
  @usableFromInline @inline(__always)
  func fillGroup(_ index: UInt, onLevel level: Int, with word: BitmapWord) {
    // No call asks for level 0.  Without the branch, Swift 6.3's optimiser turns the loop of
    // `validateGroup` into longer code: 163 instructions instead of 160 for each free of a page in
    // random order, 16 546 instead of 16 291 for registering a TiB.
    if level == 0 {
      storeWord(index, word)
    } else {
      store(GroupPlanes(low: word, high: word, word: word), inGroup: index, onLevel: level)
    }
  }

  /// Makes groups uniform.
  @_optimize(speed)
  mutating func fillGroups(_ indices: Range<UInt>, onLevel level: Int, with word: BitmapWord) {
    let end = unsafe group(indices.upperBound, onLevel: level)
    // Counts up to 0, so that the end needs no comparison.
    var offset = unsafe group(indices.lowerBound, onLevel: level) - end
    // Groups have two words or four; the fourth is not used, whatever it holds.
    if level == 1 {
      while offset != 0 {
        unsafe (end[offset], end[offset &+ 1]) = (word, word)
        offset &+= 2
      }
      return
    }
    // Two groups at a time, after a single one if their number is odd.
    if offset & 4 != 0 {
      unsafe (end[offset], end[offset &+ 1], end[offset &+ 2]) = (word, word, word)
      offset &+= 4
    }
    while offset != 0 {
      unsafe (end[offset], end[offset &+ 1], end[offset &+ 2]) = (word, word, word)
      unsafe (end[offset &+ 4], end[offset &+ 5], end[offset &+ 6]) = (word, word, word)
      offset &+= 8
    }
  }

  /// The planes of a group of level 2 or above that the caller knows to be valid.
  @inline(__always)
  func planes(ofGroup index: UInt, onUpperLevel level: Int) -> GroupPlanes {
    let group = unsafe group(index, onUpperLevel: level)
    return unsafe GroupPlanes(low: group[0], high: group[1], word: group[2])
  }

  @inlinable @inline(__always)
  func group(_ index: UInt, onUpperLevel level: Int) -> UnsafeMutablePointer<BitmapWord> {
    // As in `group(_:onLevel:)`, for level 2 and above.
    unsafe base(ofLevel: level) + Int(bitPattern: index &<< BitmapLayout.groupShift(onLevel: 2))
  }

  @inline(__always)
  private func group(_ index: UInt, onLevel level: Int) -> UnsafeMutablePointer<BitmapWord> {
    // The layout has this group in memory, so its offset fits an Int.  Words, on level 0, are found
    // by `place(ofWord:)`.
    let offset = index &<< BitmapLayout.groupShift(onLevel: level == 1 ? 1 : 2)
    return unsafe base(ofLevel: level) + Int(bitPattern: offset)
  }

  @inlinable @inline(__always)
  func base(ofLevel level: Int) -> UnsafeMutablePointer<BitmapWord> {
    // A bitmap with any bits has a pointer for every level up to the top; without bits there is
    // no group to ask for.
    unsafe levels.unsafelyUnwrapped[level]
  }
}
