/// How free the words or groups are that one group of a ``PageBitmap`` describes: bit i of each
/// plane is of child i.
package struct GroupPlanes {
  /// The low bits of the states.
  package var low: BitmapWord

  /// The high bits of the states: there is an aligned group of 8 free pages.
  package var high: BitmapWord

  /// Which children hold a word with free pages only, or are one.
  package var word: BitmapWord

  /// Children with a free page.
  @inline(__always)
  package var anyFree: BitmapWord { low | high }

  /// Children with free pages only.
  @inline(__always)
  package var allFree: BitmapWord { low & high }

  /// Children with free and reserved pages: those whose own memory is valid.
  @inline(__always)
  package var mixed: BitmapWord { low ^ high }

  /// How free the whole group is.
  @inline(__always)
  var summary: GroupSummary {
    if allFree == .max { return .all }
    let state: BitmapWord = high != 0 ? 0b10 : low != 0 ? 0b01 : 0b00
    return GroupSummary(bits: state | (word != 0 ? 0b100 : 0))
  }

  /// Sets how free child `bit` is.
  @inline(__always)
  mutating func setSummary(ofChild bit: UInt, to summary: GroupSummary) {
    let shift = BitmapWord(truncatingIfNeeded: bit)
    let others = ~(1 &<< shift)
    low = low & others | (summary.bits & 1) &<< shift
    high = high & others | (summary.bits &>> 1 & 1) &<< shift
    word = word & others | (summary.bits &>> 2) &<< shift
  }

  /// Makes all children in `mask` free or reserved throughout.
  @inline(__always)
  mutating func fill(_ mask: BitmapWord, free: Bool) {
    let value = free ? mask : 0
    low = low & ~mask | value
    high = high & ~mask | value
    word = word & ~mask | value
  }
}

/// How free a word or a group is.
struct GroupSummary: Equatable {
  /// The lower two bits are the state; the third says whether there is a word with free pages only.
  let bits: BitmapWord

  static var all: GroupSummary { GroupSummary(bits: 0b111) }

  @inline(__always)
  init(bits: BitmapWord) {
    self.bits = bits
  }

  /// The state alone.
  @inline(__always)
  var state: BitmapWord { bits & 0b11 }

  /// How free the pages of a word are.
  @inline(__always)
  init(_ word: BitmapWord) {
    if !word.hasFullByte {
      bits = word != 0 ? 0b01 : 0b00
    } else {
      bits = word == .max ? 0b111 : 0b10
    }
  }
}
