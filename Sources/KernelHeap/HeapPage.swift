// SPDX-License-Identifier: MIT
import PhysicalMemory

/// What a heap knows about one page, or about one block of pages: an entry of the index, kept
/// outside of the page itself, so that a write beyond an allocation does not reach it.
///
/// The bitmap of a page's slots, with a bit set for each allocated slot, follows the entry in
/// memory.  An entry that is not in use has no address, and one slot of size 0, which is not
/// allocated.
@unsafe struct HeapPage {
  typealias Pointer = UnsafeMutablePointer<HeapPage>
  #if BOOTMEM_NARROW_WORDS
  typealias Word = UInt32
  #else
  typealias Word = UInt
  #endif

  /// The neighbors among the pages of the class that have free slots.
  var next: Pointer?
  var previous: Pointer?

  /// The address of the first byte, and in the low bits, which are 0 there, what kind of entry this
  /// is: 1 above the index of a page's class, or ``blockKind``.
  private(set) var place: UInt

  /// The size of a slot; 0 for a block of pages that is one allocation.
  private(set) var slotByteCount: UInt16

  /// How many slots are free; 1 for a block that is kept for the next allocation of its size.
  var freeCount: UInt16

  /// For a page of slots, the factor times 2^32 by which an offset becomes the number of its slot;
  /// for a block, the number of pages.
  private(set) var reciprocal: UInt32

  private static var blockKind: UInt { 0xff }

  @inline(__always)
  private static var kindMask: UInt { UInt(truncatingIfNeeded: PageFrame.byteCount &- 1) }

  /// The distance between entries, including a bit for each of the smallest slots.
  static var stride: Int {
    // A page has 64 KiB at most.
    unsafe bitmapOffset &+ Int(truncatingIfNeeded: PageFrame.byteCount)
      / Int(bitPattern: 8 &* SizeClass.minimumByteCount)
  }

  /// Where the bitmap begins, aligned to its words.
  static var bitmapOffset: Int { unsafe (MemoryLayout<HeapPage>.size &+ 7) & ~7 }

  /// Makes the entry of a page of free slots.
  init(at address: UInt, of sizeClass: SizeClass) {
    let byteCount = sizeClass.byteCount
    unsafe next = nil
    unsafe previous = nil
    unsafe place = address | UInt(bitPattern: sizeClass.index &+ 1)
    // Half a page is 32 KiB at most, and a slot has at least 16 bytes.
    unsafe slotByteCount = UInt16(truncatingIfNeeded: byteCount)
    unsafe freeCount = UInt16(truncatingIfNeeded: sizeClass.slotCount)
    // Rounded up, so it is too large by less than the size: for an offset below 2^16 and a size of
    // 2^15 at most, the product is exact in the bits above 2^32.
    unsafe reciprocal = UInt32(
      truncatingIfNeeded: (1 << 32 + UInt64(byteCount) - 1) / UInt64(byteCount))
  }

  /// Makes the entry of a block of pages.
  init(at address: UInt, pageCount: UInt32) {
    unsafe next = nil
    unsafe previous = nil
    unsafe place = unsafe address | Self.blockKind
    unsafe slotByteCount = 0
    unsafe freeCount = 0
    unsafe reciprocal = pageCount
  }

  /// Makes it an entry that is not in use.
  @inline(__always)
  fileprivate mutating func clear() {
    unsafe place = 0
    unsafe slotByteCount = 0
    unsafe freeCount = 0
    unsafe reciprocal = 0
  }

  /// The address of the first byte.
  @inline(__always)
  var address: UInt { unsafe place & ~Self.kindMask }

  @inline(__always)
  var isInUse: Bool { unsafe place != 0 }

  @inline(__always)
  var isBlock: Bool { unsafe place & Self.kindMask == Self.blockKind }

  /// The class of a page of slots.
  @inline(__always)
  var sizeClass: SizeClass { unsafe SizeClass(index: Int(bitPattern: place & Self.kindMask) &- 1) }

  /// How many pages there are.
  var pageCount: UInt32 { unsafe isBlock ? reciprocal : 1 }
}

/// A page of slots.
extension UnsafeMutablePointer<HeapPage> {
  @inline(__always)
  private var words: UnsafeMutablePointer<HeapPage.Word> {
    unsafe (UnsafeMutableRawPointer(self) + HeapPage.bitmapOffset)
      .assumingMemoryBound(to: HeapPage.Word.self)
  }

  /// Makes it an entry that is not in use.
  @inline(__always)
  func clear() {
    unsafe pointee.clear()
    unsafe words[0] = 0
  }

  /// Marks all slots as free.
  @inline(__always)
  func clearBitmap() {
    let byteCount = unsafe HeapPage.stride &- HeapPage.bitmapOffset
    for index in 0..<(byteCount / MemoryLayout<HeapPage.Word>.size) { unsafe words[index] = 0 }
  }

  /// The slot that has this offset in the page.
  @inline(__always)
  func slot(at offset: UInt) -> UInt {
    UInt(truncatingIfNeeded: (UInt64(offset) &* UInt64(unsafe pointee.reciprocal)) &>> 32)
  }

  /// The offset of a slot.
  @inline(__always)
  func offset(of slot: UInt) -> UInt { slot &* UInt(unsafe pointee.slotByteCount) }

  /// Whether a slot is allocated; false for one that the page does not have.
  @inline(__always)
  func isTaken(_ slot: UInt) -> Bool {
    let word = unsafe words[Int(bitPattern: slot / UInt(HeapPage.Word.bitWidth))]
    return word &>> HeapPage.Word(truncatingIfNeeded: slot) & 1 != 0
  }

  /// Allocates the first slot that is free; there must be one.
  ///
  /// - Returns: The slot's address.
  /// - Complexity: O(words of the bitmap), 4 with pages of 4 KiB on 64-bit processors.
  @inline(__always)
  func takeSlot() -> UInt {
    var word = unsafe words
    var first: UInt = 0
    while unsafe word.pointee == .max {
      unsafe word += 1
      first &+= UInt(HeapPage.Word.bitWidth)
    }
    let old = unsafe word.pointee
    unsafe word.pointee = old | (old &+ 1)
    unsafe pointee.freeCount &-= 1
    let slot = first &+ UInt(truncatingIfNeeded: (~old).trailingZeroBitCount)
    return unsafe pointee.address &+ offset(of: slot)
  }

  /// Frees a slot that is allocated.
  ///
  /// - Returns: Whether no slot of its word in the bitmap is allocated any more, which is always so
  ///   when the page becomes empty.
  @inline(__always)
  func releaseSlot(_ slot: UInt) -> Bool {
    let word = unsafe words + Int(bitPattern: slot / UInt(HeapPage.Word.bitWidth))
    let new = unsafe word.pointee & ~(1 &<< HeapPage.Word(truncatingIfNeeded: slot))
    unsafe word.pointee = new
    unsafe pointee.freeCount &+= 1
    return new == 0
  }

  /// Whether nothing is allocated in it.
  var isEmpty: Bool { unsafe UInt(pointee.freeCount) == pointee.sizeClass.slotCount }
}
