// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The place of the last change in a ``PageBitmap``: a word that is stored, as are all groups above
/// it.
///
/// Successive calls mostly concern the same word.  As long as they do, nothing has to be searched
/// for, and little has to be passed on to the groups above.
@safe @usableFromInline
package struct BitmapCursor {
  /// The number of the word, counted from page frame 0 and not from the bitmap's start, so that
  /// looking up a page needs no addition; `.max` before the first change.
  @usableFromInline
  package let wordNumber: UInt

  /// Where the word is stored.
  @usableFromInline let place: UnsafeMutablePointer<BitmapWord>?

  /// The planes of the group that holds the word's state: low, high.
  @usableFromInline
  package let group: UnsafeMutablePointer<BitmapWord>?

  /// A mask of the word's bit in both planes.
  @usableFromInline
  package let groupBit: BitmapWord

  /// The word's state as the group holds it.
  @usableFromInline
  package var state: PageState

  /// The cursor of a bitmap that has not been changed yet.
  static var nowhere: BitmapCursor {
    unsafe BitmapCursor(wordNumber: .max, place: nil, group: nil, groupBit: 0, state: .none)
  }

  @inlinable @inline(__always)
  init(
    wordNumber: UInt, place: UnsafeMutablePointer<BitmapWord>?,
    group: UnsafeMutablePointer<BitmapWord>?, groupBit: BitmapWord, state: PageState
  ) {
    self.wordNumber = wordNumber
    unsafe self.place = unsafe place
    unsafe self.group = unsafe group
    self.groupBit = groupBit
    self.state = state
  }

  /// The word; valid only after the first change.
  @inlinable @inline(__always)
  package var word: BitmapWord {
    get { unsafe place.unsafelyUnwrapped.pointee }
    nonmutating set { unsafe place.unsafelyUnwrapped.pointee = newValue }
  }

  /// Whether the word has the bit of `page`.
  @inlinable @inline(__always)
  package func holds(_ page: PageNumber) -> Bool { page &>> BitmapWord.bitShift == wordNumber }

  /// The first free page in the word at or above `page`; nil if `page` lies in another word, or
  /// there is none.
  @inlinable @inline(__always)
  package func firstFree(from page: PageNumber) -> PageNumber? {
    guard holds(page) else { return nil }
    let rest = word &>> BitmapWord(truncatingIfNeeded: page)
    guard rest != 0 else { return nil }
    return page &+ rest.firstOne
  }
}
