// SPDX-License-Identifier: MIT
import PhysicalMemory

/// The place in a ``PageBitmap`` where the last change was: a word that is stored, and below groups
/// that are.
///
/// Successive calls mostly meet in one word.  Nothing has to be searched, or passed on to the
/// groups above, as long as they do.
@safe @usableFromInline
package struct BitmapCursor {
  /// The number of the word, counted from page frame 0 and not from the bitmap's start, so that a
  /// page needs no sum to be looked up; `.max` before the first change.
  @usableFromInline
  package let wordNumber: UInt

  /// Where the word is stored.
  @usableFromInline let place: UnsafeMutablePointer<BitmapWord>?

  /// The planes of the group that has the word's state: low, high.
  @usableFromInline
  package let group: UnsafeMutablePointer<BitmapWord>?

  /// The word's bit in both planes, alone.
  @usableFromInline
  package let groupBit: BitmapWord

  /// The state that the group has of the word.
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

  /// The word; only after the first change.
  @inlinable @inline(__always)
  package var word: BitmapWord {
    get { unsafe place.unsafelyUnwrapped.pointee }
    nonmutating set { unsafe place.unsafelyUnwrapped.pointee = newValue }
  }

  /// Whether the word is that of `page`.
  @inlinable @inline(__always)
  package func holds(_ page: PageNumber) -> Bool { page &>> BitmapWord.bitShift == wordNumber }

  /// The first free page from `page` on in the word; nil if `page` lies in another, or there is
  /// none.
  @inlinable @inline(__always)
  package func firstFree(from page: PageNumber) -> PageNumber? {
    guard holds(page) else { return nil }
    let rest = word &>> BitmapWord(truncatingIfNeeded: page)
    guard rest != 0 else { return nil }
    return page &+ rest.firstOne
  }
}
