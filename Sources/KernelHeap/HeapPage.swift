// SPDX-License-Identifier: MIT
import PhysicalMemory

/// What a heap knows of one page, or of one block of pages: an entry of the index, outside of the page
/// itself, so that nobody who writes beyond an allocation reaches it.
///
/// The bitmap of a page's slots, a set bit for each that is allocated, lies behind it in memory.
@unsafe struct HeapPage {
  typealias Pointer = UnsafeMutablePointer<HeapPage>
  #if BOOTMEM_NARROW_WORDS
  typealias Word = UInt32
  #else
  typealias Word = UInt
  #endif

  /// The neighbours among the pages of the class that have free slots.
  var next: Pointer?
  var previous: Pointer?

  /// The page frame number of the first page.
  var number: UInt64

  /// The size of a slot; 0 for a block of pages that is one allocation.
  var slotByteCount: UInt16

  /// How many slots are allocated; 1 for a block, 0 for an entry that is not in use.
  var usedCount: UInt16

  /// How many pages there are: 1, but for a block.
  var pageCount: UInt32

  /// The distance between entries, a bit for each of the smallest slots included.
  static var stride: Int {
    // A page has 64 KiB at most.
    unsafe bitmapOffset &+ Int(truncatingIfNeeded: PageFrame.byteCount)
      / Int(8 * SizeClass.minimumByteCount)
  }

  /// Where the bitmap begins, aligned to its words.
  static var bitmapOffset: Int { unsafe (MemoryLayout<HeapPage>.size &+ 7) & ~7 }

  var pages: PageRange {
    // The source gave these pages, so they end in the address space.
    unsafe PageRange(start: PageFrame(number), pageCount: UInt64(pageCount))
      ?? PageRange(emptyAt: PageFrame(number))
  }
}

/// A page of slots.
extension UnsafeMutablePointer<HeapPage> {
  private func word(of slot: UInt) -> UnsafeMutablePointer<HeapPage.Word> {
    let words = unsafe UnsafeMutableRawPointer(self) + HeapPage.bitmapOffset
    let index = Int(truncatingIfNeeded: slot / UInt(HeapPage.Word.bitWidth))
    return unsafe words.assumingMemoryBound(to: HeapPage.Word.self) + index
  }

  private func bit(of slot: UInt) -> HeapPage.Word {
    1 << HeapPage.Word(truncatingIfNeeded: slot % UInt(HeapPage.Word.bitWidth))
  }

  /// Whether a slot is allocated.
  func isTaken(_ slot: UInt) -> Bool { unsafe word(of: slot).pointee & bit(of: slot) != 0 }

  /// Allocates the first slot of `count` that is free; there must be one.
  ///
  /// - Complexity: O(words of the bitmap), 4 with pages of 4 KiB on 64-bit processors.
  func takeSlot(of count: UInt) -> UInt {
    var slot: UInt = 0
    while slot < count {
      let word = unsafe word(of: slot)
      if unsafe word.pointee != .max {
        slot &+= UInt(truncatingIfNeeded: (unsafe ~word.pointee).trailingZeroBitCount)
        break
      }
      slot &+= UInt(HeapPage.Word.bitWidth)
    }
    precondition(slot < count)
    unsafe word(of: slot).pointee |= bit(of: slot)
    unsafe pointee.usedCount += 1
    return slot
  }

  /// Frees a slot that is allocated.
  func releaseSlot(_ slot: UInt) {
    unsafe word(of: slot).pointee &= ~bit(of: slot)
    unsafe pointee.usedCount -= 1
  }
}
