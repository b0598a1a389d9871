/// The place in a ``PageBitmap`` where the last change was: a word that is stored, and below groups
/// that are.
///
/// Successive calls mostly meet in one word.  Nothing has to be searched, or told to the groups
/// above, as long as they do.
@safe struct BitmapCursor {
  /// The number of the word; `.max` before the first change.
  let index: UInt

  /// Where the word is stored.
  private let place: UnsafeMutablePointer<BitmapWord>?

  /// The state that the group above has of the word.
  var state: PageState

  /// The cursor of a bitmap that has not been changed yet.
  static var nowhere: BitmapCursor {
    unsafe BitmapCursor(index: .max, place: nil, state: .none)
  }

  @inline(__always)
  init(index: UInt, place: UnsafeMutablePointer<BitmapWord>?, state: PageState) {
    self.index = index
    unsafe self.place = unsafe place
    self.state = state
  }

  /// The word; only where ``index`` is that of one.
  @inline(__always)
  var word: BitmapWord {
    get { unsafe place.unsafelyUnwrapped.pointee }
    nonmutating set { unsafe place.unsafelyUnwrapped.pointee = newValue }
  }

  /// Whether `bit` of the bitmap lies in the word.
  @inline(__always)
  func holds(_ bit: UInt) -> Bool { bit &>> BitmapWord.bitShift == index }

  /// The first free page from `bit` on in the word; nil if `bit` lies in another, or there is none.
  @inline(__always)
  func firstFree(from bit: UInt) -> UInt? {
    guard holds(bit) else { return nil }
    let rest = word &>> BitmapWord(truncatingIfNeeded: bit)
    guard rest != 0 else { return nil }
    return bit &+ rest.firstOne
  }
}
