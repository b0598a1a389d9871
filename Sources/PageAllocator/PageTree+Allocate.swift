// SPDX-License-Identifier: MIT
import PageBitmap

/// Allocating blocks.
extension PageTree {
  /// Allocates the first pages of a block.
  ///
  /// The block has the lowest class that fits, and in the lowest word of that class it is the
  /// smallest that fits, or the lowest page.
  ///
  /// - Parameters:
  ///   - order: The block's order, at most ``maximumOrder``.
  ///   - count: How many of its pages: fewer than a word has, or all.
  ///   - end: The bit after the last one that may be among them.
  /// - Returns: The first page's bit; nil if there is no such block.
  /// - Complexity: O(levels), besides making groups valid.
  @_optimize(speed)
  mutating func allocate(order: UInt, count: UInt, below end: UInt) -> UInt? {
    if order == 0 {
      let page = allocateOwned(below: firstPageNumber &+ min(end, .max &- firstPageNumber))
      if let page { return page &- firstPageNumber }
      // For a word that is used up, this only forgets its number.
      disown()
    }
    var mayValidate = true
    while true {
      var candidates = classes & (.max &<< order) & ~(1 &<< Self.unknown)
      while candidates != 0 {
        let aClass = UInt(bitPattern: candidates.trailingZeroBitCount)
        // The spare block may be a smaller one that fits; where there is none, its order is `.max`.
        if _slowPath(spareOrder < aClass), spareOrder >= order {
          giveSpare()
          candidates = classes & (.max &<< order) & ~(1 &<< Self.unknown)
          continue
        }
        // A block that fits exactly may be in memory not examined yet; one look is cheap.
        if _slowPath(classes &>> Self.unknown & 1 != 0), aClass != order, mayValidate {
          mayValidate = false
          _ = validateFirstUnknown(below: end)
          candidates = classes & (.max &<< order) & ~(1 &<< Self.unknown)
          continue
        }
        if let bit = take(ofClass: aClass, order: order, count: count, below: end) { return bit }
        candidates &= candidates &- 1
      }
      if classes &>> Self.unknown & 1 != 0 && validateFirstUnknown(below: end) { continue }
      // What is missing may be in the owned word or in the spare block.
      let hadPages = disown()
      guard giveSpare() || hadPages else { return nil }
    }
  }

  /// Allocates a block smaller than a word from the lowest word whose largest free block has
  /// exactly that order; usually there is one.
  ///
  /// - Parameters:
  ///   - order: The block's order, below a word's.
  ///   - end: The bit after the last one that may be in it.
  /// - Returns: The first page's bit; nil if finding one takes longer.
  /// - Complexity: O(levels).
  mutating func allocateExact(order: UInt, below end: UInt) -> UInt? {
    guard classes &>> order & 1 != 0, order != 0 || isOwnedWordUsedUp else { return nil }
    var group: UInt = 0
    var level = rootLevel
    repeat {
      let planes = unsafe planes(ofGroup: group, onLevel: level)
      group = unsafe group &<< BitmapWord.bitShift | planes[Int(bitPattern: order)].firstOne
      level &-= 1
    } while level >= 2
    let state = order &+ 1
    let words = Self.words(withState: state, in: statePlanes(ofGroup: group))
    let isLast = words & (words &- 1) == 0
    let index = group &<< BitmapWord.bitShift | words.firstOne
    let start = index &<< BitmapWord.bitShift
    guard end >= start &+ BitmapWord.bitCount else { return nil }
    let (free, heads) = (freeWord(index), headWord(index))
    let pages = free & ~heads
    let blocks = pages.blocks(ofOrder: order)
    let place = blocks.firstOne
    let block = BitmapWord.ones(from: place, count: 1 &<< order)
    setFreeWord(index, free ^ block)
    setHeadWord(index, heads ^ .one(at: place))
    if order == 0 {
      own(index)
      changeState(ofWord: index, from: 1, to: 0, isLast: isLast)
    } else if blocks & (blocks &- 1) == 0 {
      // No other block of its order is left.
      changeState(ofWord: index, from: state, to: (pages ^ block).state, isLast: isLast)
    }
    return start | place
  }

  /// Takes a block out of the lowest group that has class `aClass`; some group must have it.
  private mutating func take(
    ofClass aClass: UInt, order: UInt, count: UInt, below end: UInt
  ) -> UInt? {
    var group: UInt = 0
    var level = rootLevel
    while level >= 2 {
      let planes = unsafe planes(ofGroup: group, onLevel: level)
      let first = unsafe planes[Int(bitPattern: aClass)].firstOne
      group = group &<< BitmapWord.bitShift | first
      if aClass == Self.maximumOrder {
        // Only a child that is entirely free can have a class without being valid.
        if unsafe !planes[Int(bitPattern: Self.valid)].isOne(at: first) {
          validate(child: group, onLevel: level)
        }
      }
      level &-= 1
    }
    if aClass < PageTreeLayout.wordOrder {
      return takePages(
        fromGroup: group, ofClass: aClass, order: order, count: count, below: end)
    }
    if count < BitmapWord.bitCount {
      return takePages(
        fromFreeWordOfGroup: group, ofClass: aClass, order: order, count: count, below: end)
    }
    guard
      let index = takeWords(
        fromGroup: group, ofClass: aClass, order: order, count: count, below: end, keepsRest: true)
    else { return nil }
    // The head bits of entirely free words are 0 already, as they must be for the words inside a
    // block.
    setFreeWord(index, 0)
    setHeadWord(index, 1)
    return index &<< BitmapWord.bitShift
  }

  /// Takes pages out of a word that is partly free.
  @inline(__always)
  private mutating func takePages(
    fromGroup group: UInt, ofClass aClass: UInt, order: UInt, count: UInt, below end: UInt
  ) -> UInt? {
    let state = aClass &+ 1
    let words = Self.words(withState: state, in: statePlanes(ofGroup: group))
    let index = group &<< BitmapWord.bitShift | words.firstOne
    let start = index &<< BitmapWord.bitShift
    guard start < end else { return nil }
    let free = freePages(ofWord: index)
    var pages = free
    if end &- start < BitmapWord.bitCount { pages &= .ones(below: end &- start) }
    if order == 0 {
      guard pages != 0 else { return nil }
      changeState(ofWord: index, from: state, to: 0)
      own(index)
      return takeOwned(pages)
    }
    guard let bit = pages.lowestBlock(ofOrder: order) else { return nil }
    let mask = BitmapWord.ones(from: bit, count: count)
    setFreeWord(index, freeWord(index) ^ mask)
    setHeadWord(index, headWord(index) ^ .one(at: bit))
    let new = (free ^ mask).state
    if new != state { changeState(ofWord: index, from: state, to: new) }
    return start | bit
  }

  /// Takes the first pages of a word that is entirely free.
  @inline(__always)
  private mutating func takePages(
    fromFreeWordOfGroup group: UInt, ofClass aClass: UInt, order: UInt, count: UInt, below end: UInt
  ) -> UInt? {
    let wordOrder = PageTreeLayout.wordOrder
    let index = takeWords(
      fromGroup: group, ofClass: aClass, order: wordOrder, count: count, below: end)
    guard let index else { return nil }
    if order == 0 {
      setFreeWord(index, .max)
      own(index)
      return takeOwned(.max)
    }
    let left = ~BitmapWord.ones(from: 0, count: count)
    setFreeWord(index, left)
    setHeadWord(index, 1)
    // Usually the upper half is left: a block of the order below a word's.
    let isHalfFree = count <= BitmapWord.bitCount / 2
    changeState(ofWord: index, from: 0, to: isHalfFree ? wordOrder : left.state)
    return index &<< BitmapWord.bitShift
  }

  /// Takes the lowest of these pages, all free, out of the owned word.
  private mutating func takeOwned(_ pages: BitmapWord) -> UInt {
    let index = ownedWord
    let page = pages & (0 &- pages)
    setFreeWord(index, freeWord(index) ^ page)
    setHeadWord(index, headWord(index) ^ page)
    return index &<< BitmapWord.bitShift | pages.firstOne
  }

  /// Puts the spare block among the others.
  ///
  /// - Returns: Whether there was one.
  @discardableResult @inline(__always)
  mutating func giveSpare() -> Bool {
    let (index, order) = (spareWord, spareOrder)
    guard index != .max else { return false }
    setSpare(.max, order: .max)
    giveWords(from: index, order: order)
    return true
  }

  /// Puts the owned word back among the others.
  ///
  /// - Returns: Whether it had a free page.
  @discardableResult @inline(never)
  mutating func disown() -> Bool {
    let index = ownedWord
    guard index != .max else { return false }
    ownNothing()
    let state = freePages(ofWord: index).state
    if state == 0 { return false }
    if state == Self.allFreeState {
      giveWords(from: index, order: PageTreeLayout.wordOrder)
    } else {
      changeState(ofWord: index, from: 0, to: state)
    }
    return true
  }
}
