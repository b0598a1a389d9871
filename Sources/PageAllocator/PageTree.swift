// SPDX-License-Identifier: MIT
import PageBitmap

/// Which pages of a node are free, which blocks they were given out in, and where the free blocks
/// of each order are.
///
/// A page has a *free bit*, in the bitmap that boot memory leaves behind, and a *head bit*:
///
///     free head
///      1    0    free
///      0    1    the first page of an allocated block
///      0    0    another page of an allocated block
///      1    1    reserved since before the hand-over
///
/// A block of 2^order pages begins at a multiple of that; a *run* has any number of pages, begins
/// anywhere, and is described by the same two bits: a block is a run.
///
/// A word has a *state*: 0 if no page is free, 7 if all are, otherwise the order of the largest
/// aligned block of free pages, plus 1.  While the state is 7, the head bits are 0 and the free
/// bits are not stored.  A *group* of 64 (32) words has their states in three planes.
///
/// A group has a set of *classes*.  Class c below a word's order: there is a word whose largest
/// free block has order c.  From there up to 10: there is a free block of order c that is not part
/// of a larger one of up to order 10.  Class *unknown*: there is a group that has not been examined
/// since boot.  Each level above has a plane for every class, up to the root, which has one group.
///
/// Bits here are page frames that count from ``firstPageNumber``.
///
/// Many methods that change nothing are mutating, because a mutating method gets the address of the
/// tree where another would be given a copy.
@safe struct PageTree {
  typealias Words = UnsafeMutablePointer<BitmapWord>

  /// The largest order of a block.
  static var maximumOrder: UInt { 10 }

  /// The class and plane of groups that have yet to be read from the boot bitmap.
  static var unknown: UInt { 11 }

  /// The plane of the children whose own memory has been written.
  static var valid: UInt { 12 }

  /// The number of planes.
  static var planeCount: UInt { 13 }

  /// The state of a word with free pages only.
  static var allFreeState: UInt { 7 }

  /// Masks a bit number down to the bit's place within its word.
  static var bitMask: UInt { BitmapWord.bitCount &- 1 }

  /// The words of free bits.
  private var freeWords: Words?

  /// The words of head bits.
  private var headWords: Words?

  /// The states of the first group.
  private var states: Words?

  /// The first group of each level from 2 up to the root's.
  private var levels: UnsafeMutablePointer<Words>?

  /// The planes of the first group of level 2.
  private var lowestPlanes: Words?

  /// The level of the root.
  private(set) var rootLevel: Int

  /// log2 of the number of groups of words that a child of the root stands for.
  private(set) var rootShift: UInt

  /// The classes of all groups, a bit for each.
  private(set) var classes: UInt

  /// A word that is 0.
  private var zeroWord: Words?

  /// The word from which single pages are allocated; `.max` for none.
  private(set) var ownedWord: UInt

  /// The free bits of the owned word, and its head bits; both a word that is 0 if there is none.
  private var ownedFree: Words?
  private var ownedHeads: Words?

  /// The number of the owned word's first page frame; if there is none, a number that no machine
  /// has.
  private var ownedPageNumber: UInt

  /// The first word of the block of whole words that was freed last, whose words still have state 0
  /// and which has no head; `.max` for none.
  private(set) var spareWord: UInt

  /// The order of that block; `.max` for none.
  private(set) var spareOrder: UInt

  /// The number of the first word that has pages of the node.
  private(set) var firstWord: UInt

  /// The number of the word after the last one that has pages of the node.
  private(set) var endWord: UInt

  /// The page frame number of bit 0, a multiple of a group's size.
  private(set) var firstPageNumber: UInt

  /// The boot bitmap.
  var bootBitmap: PageBitmap

  /// The tree of a node without pages.
  init() {
    unsafe freeWords = nil
    unsafe headWords = nil
    unsafe states = nil
    unsafe levels = nil
    unsafe lowestPlanes = nil
    rootLevel = 2
    rootShift = 0
    classes = 0
    unsafe zeroWord = nil
    ownedWord = .max
    unsafe ownedFree = nil
    unsafe ownedHeads = nil
    ownedPageNumber = ~Self.bitMask
    spareWord = .max
    spareOrder = .max
    firstWord = 0
    endWord = 0
    firstPageNumber = 0
    bootBitmap = PageBitmap()
  }

  /// Takes over a boot bitmap, which boot memory must not change any more.
  ///
  /// - Parameters:
  ///   - bitmap: The bitmap.
  ///   - memory: As many bytes as ``byteCount(for:)`` says, with any content, aligned for a
  ///     pointer.
  /// - Complexity: O(levels).
  init(takingOver bitmap: PageBitmap, memory: UnsafeMutableRawPointer) {
    self.init()
    guard let bootWords = unsafe bitmap.words else { return }
    let layout = Self.layout(for: bitmap)
    bootBitmap = bitmap
    firstPageNumber = Self.firstPageNumber(for: bitmap)
    // Both are multiples of a word's width, and the second is not above the first.
    firstWord = (bitmap.firstPageNumber &- firstPageNumber) &>> BitmapWord.bitShift
    endWord = firstWord &+ PageTreeLayout.quotient(bitmap.bitCount, order: BitmapWord.bitShift)
    rootLevel = layout.rootLevel
    rootShift = BitmapWord.bitShift &* UInt(bitPattern: layout.rootLevel &- 2)
    // Words of free bits before the first are never touched; they only keep the numbering.
    unsafe freeWords = Words(
      bitPattern: UInt(bitPattern: bootWords) &- firstWord &* Self.wordByteCount)
    let levels = unsafe memory.assumingMemoryBound(to: Words.self)
    var end = unsafe memory + Int(bitPattern: layout.byteCount)
    unsafe zeroWord = Self.words(1, below: &end)
    unsafe zeroWord.unsafelyUnwrapped.pointee = 0
    unsafe headWords = Self.words(layout.groupCount &<< BitmapWord.bitShift, below: &end)
    unsafe states = Self.words(
      layout.groupCount &* PageTreeLayout.stateWordCount, below: &end)
    var count = layout.groupCount
    for level in 2...layout.rootLevel {
      count = PageTreeLayout.quotient(count, order: BitmapWord.bitShift)
      unsafe levels[level] = Self.words(count &<< PageTreeLayout.planesShift, below: &end)
    }
    unsafe self.levels = unsafe levels
    unsafe lowestPlanes = levels[2]
    ownNothing()
    classes = fillPlanes(ofGroup: 0, onLevel: rootLevel, .unknown)
    if rootLevel > 2 {
      // `isValid` reads these planes without asking the root whether they have been written.
      let count = PageTreeLayout.quotient(layout.groupCount, order: rootShift)
      for group in 0..<count {
        unsafe planes(ofGroup: group, onLevel: rootLevel - 1)[Int(bitPattern: Self.valid)] = 0
      }
    }
  }

  private static var wordByteCount: UInt { UInt(MemoryLayout<BitmapWord>.size) }

  /// Takes words off the end of the allocator's memory.
  ///
  /// This is a function of the type because a local function that changes a variable of the
  /// function around it needs a heap in a debug build.
  private static func words(
    _ wordCount: UInt, below end: inout UnsafeMutableRawPointer
  ) -> Words {
    unsafe end -= Int(bitPattern: wordCount &* wordByteCount)
    return unsafe end.assumingMemoryBound(to: BitmapWord.self)
  }

  /// The number of bytes that the tree over a bitmap takes.
  static func byteCount(for bitmap: PageBitmap) -> UInt { layout(for: bitmap).byteCount }

  private static func layout(for bitmap: PageBitmap) -> PageTreeLayout {
    PageTreeLayout(
      bitCount: bitmap.bitCount &+ (bitmap.firstPageNumber &- firstPageNumber(for: bitmap)))
  }

  private static func firstPageNumber(for bitmap: PageBitmap) -> UInt {
    bitmap.firstPageNumber & ~((1 &<< PageTreeLayout.groupOrder) &- 1)
  }

  /// The free bits of a word, 1 also where a page is reserved.
  func freeWord(_ index: UInt) -> BitmapWord {
    unsafe freeWords.unsafelyUnwrapped[Int(bitPattern: index)]
  }

  /// The head bits of a word, 1 also where a page is reserved.
  func headWord(_ index: UInt) -> BitmapWord {
    unsafe headWords.unsafelyUnwrapped[Int(bitPattern: index)]
  }

  /// Stores the free bits of a word.
  func setFreeWord(_ index: UInt, _ word: BitmapWord) {
    unsafe freeWords.unsafelyUnwrapped[Int(bitPattern: index)] = word
  }

  /// Stores the head bits of a word.
  func setHeadWord(_ index: UInt, _ word: BitmapWord) {
    unsafe headWords.unsafelyUnwrapped[Int(bitPattern: index)] = word
  }

  /// The free pages of a word whose state is not 7.
  func freePages(ofWord index: UInt) -> BitmapWord { freeWord(index) & ~headWord(index) }

  /// Makes a word the owned one; its state must be 0, and its free bits stored.
  mutating func own(_ index: UInt) {
    ownedWord = index
    unsafe ownedFree = freeWords.unsafelyUnwrapped + Int(bitPattern: index)
    unsafe ownedHeads = headWords.unsafelyUnwrapped + Int(bitPattern: index)
    ownedPageNumber = firstPageNumber &+ index &<< BitmapWord.bitShift
  }

  /// Makes no word the owned one.
  mutating func ownNothing() {
    ownedWord = .max
    unsafe ownedFree = unsafe zeroWord
    unsafe ownedHeads = unsafe zeroWord
    ownedPageNumber = ~Self.bitMask
  }

  /// Whether the owned word has no free page, or there is no owned word.
  var isOwnedWordUsedUp: Bool {
    unsafe ownedFree.unsafelyUnwrapped.pointee & ~ownedHeads.unsafelyUnwrapped.pointee == 0
  }

  /// Allocates a page from the owned word.
  ///
  /// - Parameter end: The number of the page frame that it must lie below.
  /// - Returns: The page frame's number; nil if the owned word has no free page there.
  /// - Complexity: O(1).
  @inline(__always)
  mutating func allocateOwned(below end: UInt) -> UInt? {
    let freeWord = unsafe ownedFree.unsafelyUnwrapped
    let headWord = unsafe ownedHeads.unsafelyUnwrapped
    let free = unsafe freeWord.pointee
    let heads = unsafe headWord.pointee
    let pages = free & ~heads
    guard pages != 0 else { return nil }
    let number = ownedPageNumber &+ pages.firstOne
    guard number < end else { return nil }
    let page = pages & (0 &- pages)
    unsafe freeWord.pointee = free ^ page
    unsafe headWord.pointee = heads ^ page
    return number
  }

  /// Frees a page of the owned word if it was allocated with order 0.
  ///
  /// - Parameter number: The number of any page frame.
  /// - Returns: Whether it was; nothing has changed otherwise.
  /// - Complexity: O(1).
  @inline(__always)
  mutating func freeOwned(_ number: UInt) -> Bool {
    let place = number &- ownedPageNumber
    guard place < BitmapWord.bitCount else { return false }
    let freeWord = unsafe ownedFree.unsafelyUnwrapped
    let headWord = unsafe ownedHeads.unsafelyUnwrapped
    let free = unsafe freeWord.pointee
    let heads = unsafe headWord.pointee
    guard Self.isPage(free: free, heads: heads, at: place) else { return false }
    unsafe freeWord.pointee = free | .one(at: place)
    unsafe headWord.pointee = heads & ~.one(at: place)
    return true
  }

  /// Keeps a freed block for the next allocation of this order.
  mutating func setSpare(_ index: UInt, order: UInt) {
    spareWord = index
    spareOrder = order
  }

  /// Allocates the spare block.
  ///
  /// - Returns: The first page's bit; nil if it has another order, or ends after `end`.
  /// - Complexity: O(1).
  @inline(__always)
  mutating func allocateSpare(order: UInt, below end: UInt) -> UInt? {
    guard order == spareOrder else { return nil }
    let bit = spareWord &<< BitmapWord.bitShift
    guard end >= bit &+ (1 &<< order) else { return nil }
    setFreeWord(spareWord, 0)
    setHeadWord(spareWord, 1)
    setSpare(.max, order: .max)
    return bit
  }

  /// Whether a word has a block of order 0 at this place; always false for the word's last place.
  static func isPage(free: BitmapWord, heads: BitmapWord, at place: UInt) -> Bool {
    // Neither this page nor the next continues a block, so this one is free or reserved, or a head.
    // Beyond the word, zeros are shifted in, which look like a block that continues: only the next
    // word tells.
    let place = BitmapWord(truncatingIfNeeded: place)
    return (free | heads) &>> place & 3 == 3 && free &>> place & 1 == 0
  }

  /// The states of a group's words, three planes.
  func states(ofGroup index: UInt) -> Words {
    unsafe states.unsafelyUnwrapped + Int(bitPattern: index &* PageTreeLayout.stateWordCount)
  }

  /// The planes of a group from level 2 up.
  func planes(ofGroup index: UInt, onLevel level: Int) -> Words {
    unsafe levels.unsafelyUnwrapped[level] + Int(bitPattern: index &<< PageTreeLayout.planesShift)
  }

  /// Adds those of the classes in `changed` that the child did not have, and removes the others.
  ///
  /// - Parameters:
  ///   - changed: A bit for each class.
  ///   - child: A group of the level below `level`; above the root's level, the root.
  /// - Complexity: O(levels) for each class.
  @_optimize(speed) @inline(never)
  mutating func toggle(_ changed: UInt, ofChild child: UInt, onLevel level: Int = 2) {
    var rest = changed
    while rest != 0 {
      let aClass = UInt(bitPattern: rest.trailingZeroBitCount)
      rest &= rest &- 1
      var child = child
      var level = level
      while level <= rootLevel {
        let plane =
          unsafe planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
          + Int(bitPattern: aClass)
        guard unsafe Self.isFirstOrLast(child, toggledIn: plane) else { break }
        child &>>= BitmapWord.bitShift
        level &+= 1
      }
      if level > rootLevel { classes ^= 1 &<< aClass }
    }
  }

  /// Adds a class to a group of words that did not have it, or removes it from one that did;
  /// usually nothing above changes.
  @inline(__always)
  mutating func toggle(aClass: UInt, ofGroup group: UInt) {
    let plane = unsafe lowestPlanes(ofChild: group) + Int(bitPattern: aClass)
    if unsafe Self.isFirstOrLast(group, toggledIn: plane) {
      toggle(1 &<< aClass, ofChild: group &>> BitmapWord.bitShift, onLevel: 3)
    }
  }

  /// Toggles a child in a plane.
  ///
  /// - Returns: Whether it is the first child there, or was the last: then the group above changes
  ///   too.
  private static func isFirstOrLast(_ child: UInt, toggledIn plane: Words) -> Bool {
    let old = unsafe plane.pointee
    let new = old ^ .one(at: child & Self.bitMask)
    unsafe plane.pointee = new
    return old == 0 || new == 0
  }

  /// The planes of the parent of a group of words.
  func lowestPlanes(ofChild group: UInt) -> Words {
    let index = group &>> BitmapWord.bitShift
    return unsafe lowestPlanes.unsafelyUnwrapped
      + Int(bitPattern: index &<< PageTreeLayout.planesShift)
  }

  /// Whether a group of words has a class.
  func has(_ aClass: UInt, inGroup group: UInt) -> Bool {
    unsafe lowestPlanes(ofChild: group)[Int(bitPattern: aClass)]
      &>> BitmapWord(truncatingIfNeeded: group & Self.bitMask) & 1 != 0
  }

  /// Whether a group of words has been written.
  ///
  /// - Complexity: O(levels).
  @inline(__always)
  mutating func isValid(_ group: UInt) -> Bool {
    // Nothing below a child that is not valid may be read.  But the root is always valid, and this
    // plane of the level below it, which has at most as many groups as a word has bits, is always
    // written.
    if rootLevel > 3 {
      var level = rootLevel &- 1
      var shift = rootShift
      repeat {
        shift &-= BitmapWord.bitShift
        let child = group &>> shift
        let planes = unsafe planes(ofGroup: child &>> BitmapWord.bitShift, onLevel: level)
        let valid = unsafe planes[Int(bitPattern: Self.valid)]
        if valid &>> BitmapWord(truncatingIfNeeded: child & Self.bitMask) & 1 == 0 { return false }
        level &-= 1
      } while level > 2
    }
    return has(Self.valid, inGroup: group)
  }
}
