import PhysicalMemory

/// A memory node: a span of page frames with a bitmap and the place where the search goes on.
///
/// Its storage is the caller's, see ``BootMemory/init(platform:nodes:)``; its content is not.
public struct BootMemoryNode {
  /// The page frames that the node spans; none where the node is not registered.
  public internal(set) var span: PageRange

  /// Whether the node is registered.
  public internal(set) var isRegistered: Bool

  /// The pages that hold the bitmap, which the hand-over releases; nil for memory that stays the
  /// caller's.
  public internal(set) var bitmapPages: PageRange?

  /// The page at which the search goes on (Linux: `hint_idx`).
  public internal(set) var hint: PageFrame

  /// The end of the node's last allocation, if an allocation behind it may share its page: then it
  /// lies inside that page (Linux: `last_end_off`).  Any page border means that none may.
  public internal(set) var lastEnd: PhysicalAddress

  /// The next node in ascending order of start; -1 for none.
  var next: Int

  /// Which pages are free.
  var bitmap: PageBitmap

  /// A node that is not registered.
  public init() {
    let zero = PageFrame(0)
    span = PageRange(emptyAt: zero)
    isRegistered = false
    bitmapPages = nil
    hint = zero
    lastEnd = PhysicalAddress(0)
    next = -1
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
  func firstFree(in pages: PageRange) -> PageFrame? {
    bitmap.firstFree(from: bit(of: pages.start), below: bit(of: pages.end)).map { page(ofBit: $0) }
  }

  /// The first reserved page in `pages`, which must lie in the span.
  func firstReserved(in pages: PageRange) -> PageFrame? {
    bitmap.firstReserved(from: bit(of: pages.start), below: bit(of: pages.end)).map {
      page(ofBit: $0)
    }
  }

  /// Makes the search go on at `page` if it would go on above.
  mutating func lowerHint(to page: PageFrame) {
    if page < hint { hint = page }
  }

  /// Marks pages of the span free, or reserved.
  ///
  /// An allocation must not go on in a page which that took away from it: it is another's now.
  mutating func mark(_ pages: PageRange, free: Bool) {
    bitmap.set(from: bit(of: pages.start), to: bit(of: pages.end), free: free)
    if !lastEnd.isPageAligned && pages.contains(lastEnd.pageFrame) {
      lastEnd = PhysicalAddress(0)
    }
  }
}
