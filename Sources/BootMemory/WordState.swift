/// How free a word is, with the place where that is written: its group on level 1.
@safe struct WordState {
  /// The group, its two planes.
  let group: UnsafeMutablePointer<BitmapWord>

  /// The word's bit in both planes.
  let bit: BitmapWord

  /// The plane of the low bits.
  let low: BitmapWord

  /// The plane of the high bits.
  let high: BitmapWord

  /// Reads the state from a valid group.
  @inline(__always)
  init(group: UnsafeMutablePointer<BitmapWord>, bit: BitmapWord) {
    unsafe self.group = unsafe group
    self.bit = bit
    unsafe low = group[0]
    unsafe high = group[1]
  }

  /// The low bit of the state, 0 or 1.
  @inline(__always)
  var lowBit: BitmapWord { low &>> bit & 1 }

  /// The high bit of the state, 0 or 1.
  @inline(__always)
  var highBit: BitmapWord { high &>> bit & 1 }

  /// The state.
  @inline(__always)
  var bits: BitmapWord { lowBit | highBit &<< 1 }

  /// Whether no page is free, or every page: the word itself is not stored.
  @inline(__always)
  var isUniform: Bool { lowBit == highBit }

  /// The content of a word that is uniform.
  @inline(__always)
  var uniformWord: BitmapWord {
    // 0 or 1, so that taking it from 0 gives no bits or all.
    0 &- lowBit
  }
}
