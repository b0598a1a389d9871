import PhysicalMemory

/// A memory node: a span of page frames with a bitmap and the place where the search goes on.
///
/// Its storage is the caller's, see ``BootMemory/init(platform:nodes:)``; its content is not.
@safe public struct BootMemoryNode {
  /// The page frames that the node spans; none where the node is not registered.
  public internal(set) var span: PageRange

  /// The page at which the search goes on (Linux: `hint_idx`).
  public internal(set) var hint: PageFrame

  /// The end of the node's last allocation, if an allocation behind it may share its page: then it
  /// lies inside that page (Linux: `last_end_off`).  Any page border means that none may.
  public internal(set) var lastEnd: PhysicalAddress

  /// The next node in ascending order of start.
  package var next: UnsafeMutablePointer<BootMemoryNode>?

  /// Which pages are free.
  package var bitmap: PageBitmap

  /// The pages that hold the bitmap, which the hand-over releases; none for memory that stays the
  /// caller's.
  public internal(set) var bitmapPages: PageRange

  /// Whether the node is registered.
  public internal(set) var isRegistered: Bool

  /// A node that is not registered.
  public init() {
    let zero = PageFrame(0)
    span = PageRange(emptyAt: zero)
    isRegistered = false
    bitmapPages = PageRange(emptyAt: zero)
    hint = zero
    lastEnd = PhysicalAddress(0)
    unsafe next = nil
    bitmap = PageBitmap()
  }

  /// The bit of the bitmap that stands for `page`, which must lie in the span or just behind it.
  @inline(__always)
  func bit(of page: PageFrame) -> UInt {
    // Bit 0 is not above the start of the span, so this is not negative; and a span has fewer pages
    // than its machine has addresses.
    UInt(truncatingIfNeeded: page.number) &- bitmap.firstPageNumber
  }

  /// The page that a bit of the bitmap stands for.
  @inline(__always)
  func page(ofBit bit: UInt) -> PageFrame {
    PageFrame(UInt64(bit) &+ UInt64(bitmap.firstPageNumber))
  }

  /// The first free page in `pages`, which must lie in the span.
  @inline(__always)
  mutating func firstFree(in pages: PageRange) -> PageFrame? {
    guard let bit = bitmap.firstFree(from: bit(of: pages.start), below: bit(of: pages.end)) else {
      return nil
    }
    return page(ofBit: bit)
  }

  /// The first reserved page in `pages`, which must lie in the span.
  @inline(never)
  mutating func firstReserved(in pages: PageRange) -> PageFrame? {
    guard let bit = bitmap.firstReserved(from: bit(of: pages.start), below: bit(of: pages.end))
    else {
      return nil
    }
    return page(ofBit: bit)
  }

  /// Makes the search go on at `page` if it would go on above.
  @inline(__always)
  mutating func lowerHint(to page: PageFrame) {
    if page < hint { hint = page }
  }

  /// Marks pages of the span free, or reserved.
  @inline(never)
  mutating func mark(_ pages: PageRange, free: Bool) {
    bitmap.set(from: bit(of: pages.start), to: bit(of: pages.end), free: free)
    endSharing(in: pages)
  }

  /// Marks pages free, or reserved, if they lie in the span and are all the other now: what most
  /// calls come to.
  ///
  /// - Parameters:
  ///   - first: The first page; any.
  ///   - last: The last page, below the end of the span, with a number that differs from that of the
  ///     first only within a word.
  ///   - free: What to mark them; a free also lowers the hint.
  /// - Returns: Whether that was so; nothing has changed otherwise.
  @inline(__always)
  mutating func toggle(from first: PageFrame, through last: PageFrame, free: Bool) -> Bool {
    // Page frames and bits have the same place in their words, since bit 0 is at a word's begin.
    let firstBit = UInt(truncatingIfNeeded: first.number) & PageBitmap.bitMask
    let lastBit = UInt(truncatingIfNeeded: last.number) & PageBitmap.bitMask
    guard first >= span.start, first <= last else { return false }
    let mask = BitmapWord.ones(from: firstBit) & BitmapWord.ones(upTo: lastBit)
    let index = bit(of: first) &>> BitmapWord.bitShift
    let expected = free ? 0 : mask
    if index == bitmap.validWord {
      let word = bitmap.validWordContent
      guard word & mask == expected else { return false }
      bitmap.replaceValidWord(with: word ^ mask)
    } else {
      let (word, state) = bitmap.wordToChange(index)
      guard word & mask == expected else { return false }
      bitmap.replaceWord(index, state, with: word ^ mask)
    }
    if free { lowerHint(to: first) }
    if lastEnd.pageFrame >= first && lastEnd.pageFrame <= last { lastEnd = PhysicalAddress(0) }
    return true
  }

  /// Lets no allocation go on in a page that has just been freed or reserved: it is another's now.
  @inline(__always)
  private mutating func endSharing(in pages: PageRange) {
    if pages.contains(lastEnd.pageFrame) { lastEnd = PhysicalAddress(0) }
  }
}
