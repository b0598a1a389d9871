/// How free the words or groups are that one group of a ``PageBitmap`` describes: bit i of each
/// plane is of child i.
struct GroupPlanes {
  /// The low bits of the states.
  var low: BitmapWord

  /// The high bits of the states: there is an aligned group of 8 free pages.
  var high: BitmapWord

  /// Which children hold a word with free pages only, or are one.
  var word: BitmapWord

  /// Children with a free page.
  @inline(__always)
  var anyFree: BitmapWord { low | high }

  /// Children with free pages only.
  @inline(__always)
  var allFree: BitmapWord { low & high }

  /// Children with free and reserved pages: those whose own memory is valid.
  @inline(__always)
  var mixed: BitmapWord { low ^ high }

  /// How free the whole group is.
  @inline(__always)
  var summary: GroupSummary {
    if allFree == .max { return .all }
    return GroupSummary(low: high == 0 && low != 0, high: high != 0, word: word != 0)
  }

  /// How free child `bit` is.
  @inline(__always)
  func summary(ofChild bit: UInt) -> GroupSummary {
    GroupSummary(
      low: low.isOne(at: bit), high: high.isOne(at: bit), word: word.isOne(at: bit))
  }

  /// Sets how free child `bit` is.
  @inline(__always)
  mutating func setSummary(ofChild bit: UInt, to summary: GroupSummary) {
    let one = BitmapWord.one(at: bit)
    low = summary.low ? low | one : low & ~one
    high = summary.high ? high | one : high & ~one
    word = summary.word ? word | one : word & ~one
  }

  /// Makes all children in `mask` free or reserved throughout.
  @inline(__always)
  mutating func fill(_ mask: BitmapWord, free: Bool) {
    if free {
      low |= mask
      high |= mask
      word |= mask
    } else {
      low &= ~mask
      high &= ~mask
      word &= ~mask
    }
  }
}

/// How free a word or a group is: a state of two bits, see ``PageBitmap``, and whether it holds a
/// word with free pages only.
struct GroupSummary: Equatable {
  var low: Bool
  var high: Bool
  var word: Bool

  static var all: GroupSummary { GroupSummary(low: true, high: true, word: true) }

  @inline(__always)
  init(low: Bool, high: Bool, word: Bool) {
    self.low = low
    self.high = high
    self.word = word
  }

  /// How free the pages of a word are.
  @inline(__always)
  init(_ word: BitmapWord) {
    if word == .max {
      self = .all
    } else {
      let isClustered = word.hasFullByte
      self.init(low: word != 0 && !isClustered, high: isClustered, word: false)
    }
  }

  /// Whether all pages are free, or none.
  @inline(__always)
  var isUniform: Bool { low == high }
}
