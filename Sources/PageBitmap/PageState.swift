// SPDX-License-Identifier: MIT

/// How free the pages of a word, or all pages below a group, are.
@usableFromInline
package struct PageState: Equatable {
  /// The state's two bits, as the planes of a group hold them.
  @usableFromInline
  package let bits: BitmapWord

  /// No page is free.
  @inlinable
  package static var none: PageState { PageState(bits: 0b00) }

  /// Some pages are free, but no aligned group of 8, a byte of the bitmap.
  @inlinable
  package static var scattered: PageState { PageState(bits: 0b01) }

  /// Some pages are free, among them an aligned group of 8.
  @inlinable
  package static var clustered: PageState { PageState(bits: 0b10) }

  /// Every page is free.
  @inlinable
  package static var all: PageState { PageState(bits: 0b11) }

  @inlinable @inline(__always)
  package init(bits: BitmapWord) {
    self.bits = bits
  }

  /// The state of a word.
  @inlinable @inline(__always)
  package init(of word: BitmapWord) {
    // Few words have a full byte, so most need no comparison.
    if _fastPath(word.hasFullByte), word == .max {
      self = .all
    } else {
      self = PageState(ofPartial: word)
    }
  }

  /// The state of a word in which at least one page is reserved.
  @inlinable @inline(__always)
  package init(ofPartial word: BitmapWord) {
    if _fastPath(word.hasFullByte) {
      self = .clustered
    } else {
      self = word != 0 ? .scattered : .none
    }
  }
}
